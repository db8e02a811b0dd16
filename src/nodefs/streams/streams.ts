// ReadStream and WriteStream: Node's own classes, given our open, read, write and close through their documented `fs`
// option. Event order, back-pressure, abort and autoClose are therefore Node's, not an imitation. What stays ours: the
// options are copied, never changed; a FileHandle as `fd` brings its own calls; the classes work without `new`.

import nodeFs from 'node:fs'
import type { AnyFn } from '../define.ts'
import { likeNode } from '../define.ts'

/** The callback functions Node's streams call. */
export interface StreamFs {
  readonly open: AnyFn
  readonly close: AnyFn
  readonly read: AnyFn
  readonly write: AnyFn
  readonly writev: AnyFn
  readonly fsync: AnyFn
}

export interface StreamCalls {
  readonly ReadStream: AnyFn
  readonly WriteStream: AnyFn
  readonly createReadStream: AnyFn
  readonly createWriteStream: AnyFn
}

interface NodeStream {
  new (path: unknown, options: unknown): object
  call(self: unknown, path: unknown, options: unknown): unknown
  readonly prototype: object
}

export function streamCalls(fs: StreamFs): StreamCalls {
  const ReadStream = streamClass('ReadStream', nodeFs.ReadStream as unknown as NodeStream, fs)
  const WriteStream = streamClass('WriteStream', nodeFs.WriteStream as unknown as NodeStream, fs)
  return {
    ReadStream,
    WriteStream,
    createReadStream: likeNode((path, options) => Reflect.construct(ReadStream, [path, options]), 'createReadStream'),
    createWriteStream: likeNode(
      (path, options) => Reflect.construct(WriteStream, [path, options]),
      'createWriteStream',
    ),
  }
}

/** A class like Node's: works without `new`, can be extended either way, shares Node's prototype for `instanceof`. */
function streamClass(name: string, Node: NodeStream, fs: StreamFs): AnyFn {
  const stream = function (this: unknown, path: unknown, options: unknown): unknown {
    const own = withFs(options, fs)
    if (new.target === undefined && this instanceof (Node as unknown as AnyFn)) {
      Node.call(this, path, own)
      return this
    }
    const target = new.target === undefined || new.target === stream ? (Node as unknown as AnyFn) : new.target
    return Reflect.construct(Node as unknown as AnyFn, [path, own], target)
  }
  stream.prototype = Node.prototype
  return likeNode(stream as AnyFn, name)
}

/** A copy of the options with our calls; a FileHandle brings its own and allows no others. */
function withFs(options: unknown, fs: StreamFs): unknown {
  if (typeof options === 'string') return { encoding: options, fs }
  if (options === null || options === undefined) return { fs }
  if (typeof options !== 'object') return options
  const copy: Record<string, unknown> = {}
  for (const name in options) copy[name] = (options as Record<string, unknown>)[name]
  if (copy['fs'] === undefined && !(typeof copy['fd'] === 'object' && copy['fd'] !== null)) copy['fs'] = fs
  else if (copy['fs'] === undefined) delete copy['fs']
  return copy
}
