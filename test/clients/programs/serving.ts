// serve-handler answering ranges from the fs, archiver writing a zip onto it, unzipper reading it back.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import archiver from 'archiver'
import serve from 'serve-handler'
import unzipper from 'unzipper'
import { hash, inventory, writeFiles } from './files.ts'
import type { FsModule, Program } from './program.ts'

const large = 'The quick brown fox. '.repeat(20_000)

export const servingProgram: Program = {
  name: 'serve-handler, archiver and unzipper',
  async run(fs, root) {
    await writeFiles(fs, root, { 'site/index.html': '<h1>hello</h1>', 'site/large.txt': large, 'site/d/e.css': 'b{}' })
    return { pages: await pages(fs, join(root, 'site')), zip: await zipped(fs, root) }
  },
}

async function pages(fs: FsModule, folder: string): Promise<unknown> {
  const handlers = {
    lstat: promisify(fs.lstat),
    realpath: promisify(fs.realpath),
    readdir: promisify(fs.readdir),
    createReadStream: fs.createReadStream,
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    void serve(request, response, { public: folder, etag: true }, handlers as never)
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<unknown> => {
    const reply = await fetch(base + path, { headers: { connection: 'close', ...headers } })
    const body = new Uint8Array(await reply.arrayBuffer())
    const { status } = reply
    const [range, type, etag] = ['content-range', 'content-type', 'etag'].map((name) => reply.headers.get(name))
    return { status, range, type, etag, size: body.length, hash: hash(body) }
  }
  try {
    return [
      await ask('/'),
      await ask('/large'),
      await ask('/large.txt'),
      await ask('/large.txt', { range: 'bytes=0-99' }),
      await ask('/large.txt', { range: 'bytes=400000-' }),
      await ask('/large.txt', { range: 'bytes=-7' }),
      await ask('/large.txt', { range: 'bytes=9999999-' }),
      await ask('/d/e.css'),
      await ask('/d/'),
      await ask('/nothing.txt'),
    ]
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function zipped(fs: FsModule, root: string): Promise<unknown> {
  const path = join(root, 'site.zip')
  const archive = archiver('zip', { zlib: { level: 6 } })
  const date = new Date(1_700_000_000_000)
  const written = pipeline(archive, fs.createWriteStream(path))
  for (const name of ['index.html', 'large.txt', 'd/e.css'])
    archive.append(fs.createReadStream(join(root, 'site', name)), { name, date, mode: 0o644 })
  await archive.finalize()
  await written
  for await (const entry of fs.createReadStream(path).pipe(unzipper.Parse({ forceStream: true }))) {
    const { path: name } = entry as unzipper.Entry
    await fs.promises.mkdir(join(root, 'unzipped', name, '..'), { recursive: true })
    await pipeline(entry as unzipper.Entry, fs.createWriteStream(join(root, 'unzipped', name)))
  }
  const directory = await unzipper.Open.custom({
    size: async () => (await fs.promises.stat(path)).size,
    stream: (offset: number, length?: number) =>
      fs.createReadStream(path, { start: offset, ...(length ? { end: offset + length - 1 } : {}) }),
  })
  const listed = await Promise.all(
    directory.files.map(async (file) => [file.path, file.uncompressedSize, hash(await file.buffer())]),
  )
  return { zip: hash(await fs.promises.readFile(path)), listed, unzipped: await inventory(fs, join(root, 'unzipped')) }
}
