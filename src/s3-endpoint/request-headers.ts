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

  /**
   * With the `x-amz-*` that a presigned URL carries in its query instead: signed with it, and as good as sent. Not so
   * checksums, which presigners compute of an empty body.
   */
  withHoisted(query: ReadonlyMap<string, string>): RequestHeaders {
    if (!query.has('X-Amz-Signature')) return this
    const hoisted = [...query].filter(
      ([name]) => name.startsWith('x-amz-') && !this.has(name) && !/^x-amz-(checksum-|sdk-|content-sha256$)/.test(name),
    )
    return new RequestHeaders([...this.#values, ...hoisted].flat())
  }

  /** Those whose name starts with `prefix`, in the order sent. */
  startingWith(prefix: string): (readonly [string, string])[] {
    return [...this.#values].filter(([name]) => name.startsWith(prefix))
  }
}
