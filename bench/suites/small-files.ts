// 6,400 files of 1 KiB: written, and read back by a volume that has seen none of them. The rivals by hand keep 64
// requests in flight, which no program that reads one file after another does.

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { OpenedVolume } from '../../src/index.ts'
import * as contenders from '../support/contenders.ts'
import { measure } from '../support/meter.ts'
import { spreadOf, type Row } from '../support/row.ts'
import { bucketName, startServer, type BenchServer } from '../support/server.ts'
import type { Suite } from './suite.ts'

const bytes = Buffer.alloc(1024, 'bucketfs')
const inFlight = 64

export const smallFiles: Suite = {
  name: 'small-files',
  question: 'How long do many small files take?',
  byDelay: true,
  async run({ delayMs, scale }) {
    const count = Math.max(200, Math.round(6400 * scale))
    const server = await startServer({ delayMs })
    try {
      return [
        ...(await onVolume(server, count)),
        ...(await byHand(server, count)),
        ...(await onDisk(contenders.tmpfs(), count)),
        ...(await onDisk(contenders.memfs(), count)),
      ]
    } finally {
      await server.close()
    }
  },
}

async function onVolume(server: BenchServer, count: number): Promise<Row[]> {
  const rows: Row[] = []
  const withVolume = async (question: string, work: (volume: OpenedVolume) => Promise<void>): Promise<void> => {
    const volume = await contenders.openBuilt(server, 'small', { diskCacheBytesMax: 0 })
    const { ms, ...cost } = await measure(volume, () => work(volume))
    await volume.close()
    rows.push({ question, contender: 'bucketfs', unit: 's', ...spreadOf([ms / 1000]), ...cost })
  }
  await withVolume(`write ${count} files, 64 at once`, ({ fs }) => writeAll(fs, '/', count, inFlight))
  await withVolume(`read ${count} files cold, one after another`, ({ fs }) => readAll(fs, '/', count, 1))
  await withVolume(`read ${count} files cold, 64 at once`, ({ fs }) => readAll(fs, '/', count, inFlight))
  await withVolume(`read ${count} files cold, synchronously`, async ({ fs }) => {
    for (let i = 0; i < count; i++) fs.readFileSync(contenders.smallName('/', i))
  })
  return rows
}

async function byHand(server: BenchServer, count: number): Promise<Row[]> {
  const client = contenders.sdkClient(server)
  const store = contenders.rawStore(server)
  const keyOf = (prefix: string, index: number): string => `${prefix}${contenders.smallName('/', index)}`
  const put = `write ${count} files, 64 at once`
  const get = `read ${count} files cold, 64 at once`
  try {
    return [
      await timed(put, 'AWS SDK by hand', count, () =>
        contenders.inFlight(count, inFlight, async (i) => {
          await client.send(new PutObjectCommand({ Bucket: bucketName, Key: keyOf('sdk', i), Body: bytes }))
        }),
      ),
      await timed(get, 'AWS SDK by hand', count, () =>
        contenders.inFlight(count, inFlight, async (i) => {
          const reply = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: keyOf('sdk', i) }))
          await reply.Body?.transformToByteArray()
        }),
      ),
      await timed(get, 'raw GETs, our signer', count, () =>
        contenders.inFlight(count, inFlight, async (i) => void (await store.get(keyOf('sdk', i)))),
      ),
    ]
  } finally {
    client.destroy()
    await store.close()
  }
}

async function onDisk(contender: contenders.FsContender, count: number): Promise<Row[]> {
  const { name, fs, root } = contender
  try {
    return [
      await timed(`write ${count} files, 64 at once`, name, 0, () => writeAll(fs, root, count, inFlight)),
      await timed(`read ${count} files cold, one after another`, name, 0, () => readAll(fs, root, count, 1)),
    ]
  } finally {
    contender.close()
  }
}

async function timed(question: string, contender: string, requests: number, work: () => Promise<void>): Promise<Row> {
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  return { question, contender, unit: 's', ...spreadOf([seconds]), ...(requests > 0 && { requests }) }
}

async function writeAll(fs: contenders.FsModule, root: string, count: number, limit: number): Promise<void> {
  for (let folder = 0; folder < count / 100; folder++)
    await fs.promises.mkdir(contenders.smallName(root, folder * 100).replace(/\/f\d+$/, ''), { recursive: true })
  await contenders.inFlight(count, limit, (i) => fs.promises.writeFile(contenders.smallName(root, i), bytes))
}

async function readAll(fs: contenders.FsModule, root: string, count: number, limit: number): Promise<void> {
  await contenders.inFlight(count, limit, async (i) => {
    const data = await fs.promises.readFile(contenders.smallName(root, i))
    if (data.length !== bytes.length) throw new Error(`${data.length} bytes read`)
  })
}
