// 6,400 files of 1 KiB: written, and read back by a volume that has seen none of them. The rivals by hand keep 64
// requests in flight, which no program that reads one file after another does.

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { OpenedVolume } from '../../src/index.ts'
import * as contenders from '../support/contenders.ts'
import { measure } from '../support/meter.ts'
import { Samples, spreadOf, type Row } from '../support/row.ts'
import { bucketName, startServer, type BenchServer } from '../support/server.ts'
import type { Suite } from './suite.ts'

const bytes = Buffer.alloc(1024, 'bucketfs')
const inFlight = 64
const rounds = 3

export const smallFiles: Suite = {
  name: 'small-files',
  question: 'How long do many small files take?',
  byDelay: true,
  async run({ delayMs, scale }) {
    const count = Math.max(200, Math.round(6400 * scale))
    const server = await startServer({ delayMs })
    try {
      return [
        ...(await onBucket(server, count)),
        ...(await onDisk(contenders.tmpfs(), count)),
        ...(await onDisk(contenders.memfs(), count)),
      ]
    } finally {
      await server.close()
    }
  },
}

/** Reads by us and by hand take turns, so that a busy machine is busy for all of them. */
async function onBucket(server: BenchServer, count: number): Promise<Row[]> {
  const client = contenders.sdkClient(server)
  const store = contenders.rawStore(server)
  const samples = new Samples()
  const volume = async (question: string, work: (volume: OpenedVolume) => Promise<void>): Promise<void> => {
    const opened = await contenders.openBuilt(server, 'small', { diskCacheBytesMax: 0 })
    const { ms, ...cost } = await measure(opened, () => work(opened))
    await opened.close()
    samples.add(question, 'bucketfs', ms, cost)
  }
  const byHand = async (
    question: string,
    contender: string,
    work: (index: number) => Promise<unknown>,
  ): Promise<void> => {
    const started = performance.now()
    await contenders.inFlight(count, inFlight, async (i) => void (await work(i)))
    samples.add(question, contender, performance.now() - started, { requests: count })
  }
  const keyOf = (index: number): string => `sdk${contenders.smallName('/', index)}`
  const put = `write ${count} files, 64 at once`
  const get = `read ${count} files cold, 64 at once`
  try {
    await volume(put, ({ fs }) => writeAll(fs, '/', count, inFlight))
    await byHand(put, 'AWS SDK by hand', (i) =>
      client.send(new PutObjectCommand({ Bucket: bucketName, Key: keyOf(i), Body: bytes })),
    )
    for (let round = 0; round < rounds; round++) {
      await byHand(get, 'raw GETs, our signer', (i) => store.get(keyOf(i)))
      await volume(`read ${count} files cold, one after another`, ({ fs }) => readAll(fs, '/', count, 1))
      await volume(`read ${count} files cold, synchronously`, async ({ fs }) => {
        for (let i = 0; i < count; i++) fs.readFileSync(contenders.smallName('/', i))
      })
      await volume(get, ({ fs }) => readAll(fs, '/', count, inFlight))
    }
    await volume(`read ${count} files cold, one after another, in another order`, async ({ fs }) => {
      for (let i = 0; i < count; i++) await fs.promises.readFile(contenders.smallName('/', scattered(i)))
    })
    await byHand(get, 'AWS SDK by hand', async (i) => {
      const reply = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: keyOf(i) }))
      await reply.Body?.transformToByteArray()
    })
    return samples.rows()
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

/** A fixed order within each hundred that is not that of listings. */
function scattered(index: number): number {
  return index - (index % 100) + (((index % 100) * 37) % 100)
}
