BEGIN TRANSACTION;
CREATE TABLE agent_messages (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                session_id TEXT NOT NULL,
                message_data TEXT NOT NULL,
                created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                FOREIGN KEY (session_id) REFERENCES agent_sessions (session_id)
                    ON DELETE CASCADE
            );
INSERT INTO "agent_messages" VALUES(1,'user-7','{"role": "user", "content": "What is the weather in Faro and Lagos?"}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(2,'user-7','{"id": "rs_1", "type": "reasoning", "summary": []}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(3,'user-7','{"id": "fc_1", "type": "function_call", "call_id": "call_a", "name": "weather", "arguments": "{\"city\":\"Faro\"}", "status": "completed"}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(4,'user-7','{"id": "fc_2", "type": "function_call", "call_id": "call_b", "name": "weather", "arguments": "{\"city\":\"Lagos\"}", "status": "completed"}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(5,'user-7','{"type": "function_call_output", "call_id": "call_a", "output": "Sunny"}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(6,'user-7','{"type": "function_call_output", "call_id": "call_b", "output": [{"type": "input_text", "text": "Cloudy"}]}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(7,'user-7','{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "Faro is sunny, Lagos cloudy.", "annotations": [], "logprobs": []}]}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(8,'user-7','{"role": "user", "content": [{"type": "input_text", "text": "And here?"}, {"type": "input_image", "detail": "auto", "image_url": "https://example.com/x.png"}]}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(9,'user-7','{"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "weather"}}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(10,'user-7','{"id": "msg_2", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "refusal", "refusal": "I cannot tell."}]}','2026-11-22 15:11:59');
INSERT INTO "agent_messages" VALUES(11,'empty','{"role": "developer", "content": "Be kind."}','2026-11-22 15:11:59');
CREATE TABLE agent_sessions (
                session_id TEXT PRIMARY KEY,
                created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
                updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
            );
INSERT INTO "agent_sessions" VALUES('user-7','2026-11-22 15:11:59','2026-11-22 15:11:59');
INSERT INTO "agent_sessions" VALUES('empty','2026-11-22 15:11:59','2026-11-22 15:11:59');
CREATE INDEX idx_agent_messages_session_id
            ON agent_messages (session_id, id)
        ;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('agent_messages',11);
COMMIT;
