/** The heights of many rows, measured or guessed. Sums are kept by chunk, so that offsets are fast. */

const CHUNK = 64;

export class Heights {
  /** @type {number[]} */
  #rows = [];
  /** @type {number[]} */
  #chunks = [];

  get count() {
    return this.#rows.length;
  }

  get total() {
    return this.#chunks.reduce((sum, chunk) => sum + chunk, 0);
  }

  /** @param {number} count @param {(row: number) => number} guess for rows that are new */
  resize(count, guess) {
    while (this.#rows.length > count) {
      this.#chunks[Math.floor((this.#rows.length - 1) / CHUNK)] -= this.#rows.pop() ?? 0;
    }
    this.#chunks.length = Math.ceil(count / CHUNK);
    while (this.#rows.length < count) {
      const row = this.#rows.length;
      const height = guess(row);
      this.#rows.push(height);
      const chunk = Math.floor(row / CHUNK);
      this.#chunks[chunk] = (this.#chunks[chunk] ?? 0) + height;
    }
  }

  /** @param {number} row */
  get(row) {
    return this.#rows[row] ?? 0;
  }

  /** @param {number} row @param {number} height @returns {number} by how much it grew */
  set(row, height) {
    const grown = height - this.#rows[row];
    this.#rows[row] = height;
    this.#chunks[Math.floor(row / CHUNK)] += grown;
    return grown;
  }

  /** Where a row begins. @param {number} row */
  top(row) {
    const chunk = Math.floor(row / CHUNK);
    let top = 0;
    for (let index = 0; index < chunk; index += 1) top += this.#chunks[index];
    for (let index = chunk * CHUNK; index < row; index += 1) top += this.#rows[index];
    return top;
  }

  /** The row at a distance from the top. @param {number} offset */
  rowAt(offset) {
    let distance = Math.max(0, offset);
    let chunk = 0;
    while (chunk < this.#chunks.length - 1 && distance >= this.#chunks[chunk]) {
      distance -= this.#chunks[chunk];
      chunk += 1;
    }
    let row = chunk * CHUNK;
    while (row < this.#rows.length - 1 && distance >= this.#rows[row]) {
      distance -= this.#rows[row];
      row += 1;
    }
    return row;
  }
}
