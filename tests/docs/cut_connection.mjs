// Runs the guide's `ask` once; the first answer is cut where the test says. Prints what came of it.
const [, , asked, cut] = process.argv;
const fetched = globalThis.fetch;
const requests = [];

globalThis.fetch = async (address, options = {}) => {
  const response = await fetched(address, options);
  requests.push(`${options.method ?? "GET"} ${new URL(address).pathname.split("/").slice(3).join("/")}`);
  if (!cut || requests.length > 1) return response;
  const reader = response.body.getReader();
  let seen = "", over = cut === "before the first event";
  const pull = async (controller) => {
    if (over) {
      await reader.cancel();
      return controller.error(new TypeError("the connection is gone"));
    }
    const { value } = await reader.read();
    seen += new TextDecoder().decode(value);
    over = seen.includes("event: delta");
    controller.enqueue(value);
  };
  return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), response);
};

let text = "";
const reply = await ask({ ...JSON.parse(asked), onText: (whole) => (text = whole) });
console.log(JSON.stringify({ reply, text, requests }));
