// Streams: events in order, ranges, descriptors, handles, abort; and the blobs and lines made from them.

import { pipeline } from 'node:stream/promises'
import type { Case, Side } from './fs-compare.ts'
import { settle } from './fs-compare.ts'

type Emitter = NodeJS.EventEmitter

const names = ['open', 'ready', 'data', 'end', 'finish', 'close', 'error'] as const

/** Events until the stream closes. */
function events(stream: Emitter, only: readonly string[] = names): Promise<unknown[]> {
  const seen: unknown[] = []
  return new Promise((resolve) => {
    for (const name of only)
      stream.on(name, (value?: unknown) =>
        seen.push(name === 'data' ? [name, String(value)] : name === 'error' ? [name, value] : name),
      )
    stream.on('close', () => setImmediate(() => resolve(seen)))
  })
}

const file = ({ at }: Side): string => `${at}/file`
const one = (title: string, run: Case['run'], tree = true): Case => ({ title, run, tree })

const readOptions: readonly unknown[] = [
  undefined,
  'utf8',
  {},
  { encoding: 'hex' },
  { start: 3 },
  { end: 3 },
  { start: 2, end: 4 },
  { start: 4, end: 4 },
  { highWaterMark: 3 },
  { start: 20 },
  { start: 0, end: Infinity },
  { flags: 'r+' },
  { autoClose: false, end: 2 },
  { emitClose: true },
  { start: 1, highWaterMark: 4 },
  { start: 5, end: 2 },
  { start: -1 },
  { start: 'a' },
  { end: 1.5 },
  { encoding: 'nope' },
  { fd: -1 },
  { fd: 'x' },
  { fs: {} },
  { signal: 5 },
  5,
]

const writeOptions: readonly unknown[] = [
  undefined,
  'utf8',
  {},
  { encoding: 'hex' },
  { start: 3, flags: 'r+' },
  { flags: 'a' },
  { flags: 'wx' },
  { mode: 0o600 },
  { flush: true },
  { flush: 1 },
  { start: -1 },
  { start: 'a' },
  { highWaterMark: 1 },
  { fs: {} },
  { autoClose: true },
  { flags: 'r' },
  { flags: 'zz' },
]

export const streamCases: readonly Case[] = [
  ...readOptions.map((options) =>
    one(`createReadStream with ${JSON.stringify(options) ?? 'nothing'}`, async (side) => {
      const stream = side.fs.createReadStream(file(side), options as never)
      if ((options as { autoClose?: boolean } | undefined)?.autoClose === false)
        stream.on('end', () => stream.destroy())
      const seen = await events(stream)
      return [
        seen,
        stream.bytesRead,
        stream.path,
        stream.pending,
        (stream as unknown as { flags: string }).flags,
        stream.destroyed,
      ]
    }),
  ),
  ...writeOptions.map((options) =>
    one(`createWriteStream with ${JSON.stringify(options) ?? 'nothing'}`, async (side) => {
      const stream = side.fs.createWriteStream(
        `${side.at}/${options && (options as { flags?: string }).flags === 'wx' ? 'new' : 'file'}`,
        options as never,
      )
      const seen = events(stream)
      stream.write('61')
      stream.write(Buffer.from('bytes'))
      stream.end('62')
      return [await seen, stream.bytesWritten, stream.path, stream.pending]
    }),
  ),
  ...['missing', 'dir', 'file/x', 'loop', ''].flatMap((name) => [
    one(`a read stream of '${name}' fails as open does`, async (side) =>
      events(side.fs.createReadStream(name && `${side.at}/${name}`)),
    ),
    one(`a write stream to '${name}${name === 'missing' ? '/x' : ''}' fails as open does`, async (side) =>
      events(side.fs.createWriteStream(name && `${side.at}/${name}${name === 'missing' ? '/x' : ''}`)),
    ),
  ]),
  one('a read stream of a descriptor goes on from its position', async (side) => {
    const fd = side.fs.openSync(file(side), 'r')
    side.fs.readSync(fd, Buffer.alloc(6))
    const seen = await events(side.fs.createReadStream('', { fd }))
    return [seen, await settle(() => side.fs.closeSync(fd), side)]
  }),
  one('a write stream to a descriptor', async (side) => {
    const fd = side.fs.openSync(file(side), 'r+')
    const stream = side.fs.createWriteStream('', { fd, start: 2 })
    stream.end('##')
    return events(stream)
  }),
  one('a read stream of a FileHandle closes it', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    const seen = await events(handle.createReadStream({ start: 1, end: 3 }))
    return [seen, handle.fd]
  }),
  one('a read stream of a FileHandle can leave it open', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    const stream = handle.createReadStream({ autoClose: false })
    const text = (await stream.toArray()).join('')
    const size = (await handle.stat()).size
    await handle.close()
    return [text, size]
  }),
  one('createReadStream takes a FileHandle as fd', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    return events(side.fs.createReadStream('', { fd: handle as never, encoding: 'utf8' }))
  }),
  one('a write stream of a FileHandle', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    const stream = handle.createWriteStream({ start: 4 })
    stream.end('!!')
    return [await events(stream), handle.fd]
  }),
  one('readLines gives lines', async (side) => {
    side.fs.writeFileSync(`${side.at}/lines`, 'one\ntwo\r\nthree')
    const lines: string[] = []
    for await (const line of (await side.fs.promises.open(`${side.at}/lines`)).readLines()) lines.push(line)
    return lines
  }),
  one('readableWebStream gives the bytes and locks', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    const parts: string[] = []
    for await (const part of handle.readableWebStream({
      type: 'bytes',
    } as never) as unknown as AsyncIterable<Uint8Array>)
      parts.push(Buffer.from(part).toString())
    const again = await settle(() => void handle.readableWebStream(), side)
    await handle.close()
    return [parts.join(''), again]
  }),
  one('aborting destroys a read stream with AbortError', async (side) => {
    const aborter = new AbortController()
    const stream = side.fs.createReadStream(file(side), { signal: aborter.signal } as never)
    const seen = events(stream, ['open', 'error', 'close'])
    stream.once('open', () => aborter.abort())
    return seen
  }),
  one(
    'aborting before a write stream opens',
    async (side) => {
      const stream = side.fs.createWriteStream(`${side.at}/new`, { signal: AbortSignal.abort() } as never)
      const seen = await events(stream, ['error', 'close'])
      return [seen]
    },
    false,
  ),
  one(
    'a large file passes through a pipeline unchanged',
    async (side) => {
      const bytes = Buffer.alloc(700_000, 'abcdefghij')
      side.fs.writeFileSync(`${side.at}/large`, bytes)
      const source = side.fs.createReadStream(`${side.at}/large`)
      const sink = side.fs.createWriteStream(`${side.at}/copy`, { highWaterMark: 10_000 })
      await pipeline(source, sink)
      return [side.fs.readFileSync(`${side.at}/copy`).equals(bytes), source.bytesRead, sink.bytesWritten]
    },
    false,
  ),
  one(
    'many small writes keep their order',
    async (side) => {
      const stream = side.fs.createWriteStream(`${side.at}/many`)
      const done = events(stream, ['finish', 'close'])
      for (let i = 0; i < 500; i++) stream.write(`${i},`)
      stream.end()
      await done
      return side.fs.readFileSync(`${side.at}/many`, 'utf8')
    },
    false,
  ),
  one('ReadStream and WriteStream work without new, and instanceof holds', async (side) => {
    const Read = side.fs.ReadStream as unknown as (path: string) => Emitter
    const Write = side.fs.WriteStream as unknown as (path: string) => Emitter & { end(text: string): void }
    const read = Read(file(side))
    const seen = await events(read)
    const write = Write(`${side.at}/new`)
    write.end('x')
    await events(write)
    return [
      seen,
      read instanceof side.fs.ReadStream,
      write instanceof side.fs.WriteStream,
      write instanceof (side.fs as unknown as { FileWriteStream: typeof side.fs.WriteStream }).FileWriteStream,
    ]
  }),
  one('a class can extend ReadStream', async (side) => {
    class Loud extends side.fs.ReadStream {
      loud = true
    }
    const stream = new (Loud as unknown as new (path: string) => Loud)(file(side))
    return [await events(stream), stream instanceof Loud, stream.loud]
  }),
  one('an async iterator of a read stream', async (side) => {
    let text = ''
    for await (const part of side.fs.createReadStream(file(side), { encoding: 'utf8', highWaterMark: 4 }))
      text += `${part}|`
    return text
  }),
  one('openAsBlob gives contents, size and type', async (side) => {
    const blob = await side.fs.openAsBlob(file(side), { type: 'text/plain' })
    return [blob.size, blob.type, await blob.text(), await blob.slice(1, 4).text(), blob instanceof Blob]
  }),
  ...[5, 'x', null, { type: 5 }].map((options) =>
    one(`openAsBlob with ${JSON.stringify(options)}`, (side) => side.fs.openAsBlob(file(side), options as never)),
  ),
]
