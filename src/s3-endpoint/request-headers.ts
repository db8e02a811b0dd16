// Headers as they came over the wire. Node's `req.headers` drops or merges some duplicates; signatures and metadata need
// them all, joined by a comma.

/** Header fields by lower-case name. Values are latin-1 strings: one character per byte sent. */
export class RequestHeaders {
  readonly #values = new Map<string, string>()

  /** `raw`: names and values by turns, as `IncomingMessage.rawHeaders`. */
  constructor(raw: readonly string[]) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = (raw[i] as string).toLowerCase()
      const value = (raw[i + 1] as string).trim()
      const before = this.#values.get(name)
      this.#values.set(name, before === undefined ? value : `${before},${value}`)
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries()
  }

  /** Those whose name starts with `prefix`, in the order sent. */
  startingWith(prefix: string): (readonly [string, string])[] {
    return [...this.#values].filter(([name]) => name.startsWith(prefix))
  }
}
