// One file of 1 GiB: written and read in sequence, then 64 KiB at random. The rivals by hand are parallel ranged GETs,
// the most a network gives, without a file system over it.

import { GetObjectCommand } from '@aws-sdk/client-s3'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { OpenedVolume } from '../../src/index.ts'
import * as contenders from '../support/contenders.ts'
import { watchMemory } from '../support/memory.ts'
import { measure } from '../support/meter.ts'
import { Samples, spreadOf, type Row } from '../support/row.ts'
import { bucketName, startServer, type BenchServer } from '../support/server.ts'
import type { Suite } from './suite.ts'

const MiB = 1024 * 1024
const partBytes = 8 * MiB
const inFlight = 8
const randomBytes = 64 * 1024
const randomCount = 256
const rounds = 3

export const largeFile: Suite = {
  name: 'large-file',
  question: 'How fast does one large file go, and how much memory does it take?',
  byDelay: true,
  async run({ delayMs, scale }) {
    const size = Math.max(32, Math.round(1024 * scale)) * MiB
    const server = await startServer({ delayMs })
    try {
      return [...(await onBucket(server, size)), ...(await onDisk(size))]
    } finally {
      await server.close()
    }
  },
}

/** Reads by us and by hand take turns, so that a busy machine is busy for all of them. */
async function onBucket(server: BenchServer, size: number): Promise<Row[]> {
  const client = contenders.sdkClient(server)
  const store = contenders.rawStore(server)
  const samples = new Samples()
  let rivalsRan = false
  const volume = async (
    question: string,
    bytes: number,
    work: (volume: OpenedVolume) => Promise<void>,
  ): Promise<void> => {
    const opened = await contenders.openBuilt(server, 'large', { diskCacheBytesMax: 0 })
    const memory = watchMemory()
    const { ms, ...cost } = await measure(opened, () => work(opened))
    // Later on, what the rivals left behind would count as ours.
    const peakBytes = memory.stop()
    const memoryPeakBytes = rivalsRan ? undefined : peakBytes
    samples.add(question, 'bucketfs', ms, { ...cost, memoryPeakBytes }, bytes)
    await opened.close()
  }
  const count = Math.ceil(size / partBytes)
  const byHand = async (
    question: string,
    contender: string,
    task: (index: number) => Promise<unknown>,
  ): Promise<void> => {
    rivalsRan = true
    const started = performance.now()
    await contenders.inFlight(count, inFlight, async (i) => void (await task(i)))
    samples.add(question, contender, performance.now() - started, { requests: count }, size)
  }
  const text = `${size / MiB} MiB`
  const readText = `read ${text} in sequence, cold`
  try {
    await volume(`write ${text} in sequence`, size, ({ fs }) => write(fs, '/large', size))
    for (let round = 0; round < rounds; round++) {
      await volume(readText, size, ({ fs }) => read(fs, '/large', size))
      await byHand(readText, '8 parallel ranged GETs, our signer', (i) =>
        store.get('large/large', { range: { offset: i * partBytes, length: partBytes } }),
      )
    }
    const uploadId = await store.createUpload('by-hand', { headers: { metadata: {} } })
    const part = new Uint8Array(partBytes)
    await byHand(`write ${text} in sequence`, '8 parallel parts, our signer', (i) =>
      store.uploadPart('by-hand', uploadId, i + 1, part),
    )
    await store.abortUpload('by-hand', uploadId)
    await byHand(readText, '8 parallel ranged GETs, AWS SDK', async (i) => {
      const Range = `bytes=${i * partBytes}-${(i + 1) * partBytes - 1}`
      const reply = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: 'large/large', Range }))
      await reply.Body?.transformToByteArray()
    })
    for (const atOnce of [1, 16])
      await volume(
        `read ${randomCount} times 64 KiB at random, cold, ${atOnce} at once`,
        randomCount * randomBytes,
        ({ fs }) => readRandom(fs, '/large', size, atOnce),
      )
    return samples.rows()
  } finally {
    client.destroy()
    await store.close()
  }
}

async function onDisk(size: number): Promise<Row[]> {
  const disk = contenders.tmpfs()
  const { name, fs, root } = disk
  const rows: Row[] = []
  for (const [verb, work] of [
    ['write', write],
    ['read', read],
  ] as const) {
    const started = performance.now()
    await work(fs, `${root}/large`, size)
    const ms = performance.now() - started
    const question = `${verb} ${size / MiB} MiB in sequence${verb === 'read' ? ', cold' : ''}`
    const bytesPerSecond = (size / ms) * 1000
    rows.push({ question, contender: name, unit: 's', ...spreadOf([ms / 1000]), bytesPerSecond })
  }
  disk.close()
  return rows
}

async function write(fs: contenders.FsModule, path: string, size: number): Promise<void> {
  const step = Buffer.alloc(MiB, 'bucketfs')
  const contents = function* (): Generator<Buffer> {
    for (let offset = 0; offset < size; offset += step.length) yield step
  }
  await pipeline(Readable.from(contents()), fs.createWriteStream(path))
}

async function read(fs: contenders.FsModule, path: string, size: number): Promise<void> {
  let bytes = 0
  const sink = new Writable({
    write(data: Buffer, _encoding, done): void {
      bytes += data.length
      done()
    },
  })
  await pipeline(fs.createReadStream(path, { highWaterMark: MiB }), sink)
  if (bytes !== size) throw new Error(`${bytes} bytes read`)
}

async function readRandom(fs: contenders.FsModule, path: string, size: number, atOnce: number): Promise<void> {
  const file = await fs.promises.open(path)
  // A fixed sequence that visits the whole file: the same for every contender and run.
  let state = 12_345
  await contenders.inFlight(randomCount, atOnce, async () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    const offset = state % (size - randomBytes)
    const { bytesRead } = await file.read(Buffer.alloc(randomBytes), 0, randomBytes, offset)
    if (bytesRead !== randomBytes) throw new Error(`${bytesRead} bytes read`)
  })
  await file.close()
}
