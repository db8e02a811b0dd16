// Utf8Stream (Node 24): Node's own class over our calls, by its documented `fs` option. Absent where Node has none.

import nodeFs from 'node:fs'

interface Utf8Options {
  readonly fs?: object
}

interface Utf8StreamClass {
  new (options: object): object
}

/** `fs` is what it writes with; an `fs` of the caller's goes over it. */
export function utf8StreamClass(fs: object): Utf8StreamClass | undefined {
  const Node = (nodeFs as { Utf8Stream?: Utf8StreamClass }).Utf8Stream
  if (Node === undefined) return undefined
  return class Utf8Stream extends Node {
    constructor(options: Utf8Options = {}) {
      super({ ...options, fs: { ...fs, ...options.fs } })
    }
  }
}
