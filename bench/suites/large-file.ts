// One file of 1 GiB: written and read in sequence, then 64 KiB at random. The rivals by hand are parallel ranged GETs,
// the most a network gives, without a file system over it.

import { GetObjectCommand } from '@aws-sdk/client-s3'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { OpenedVolume } from '../../src/index.ts'
import * as contenders from '../support/contenders.ts'
import { watchMemory } from '../support/memory.ts'
import { measure } from '../support/meter.ts'
import { spreadOf, type Row } from '../support/row.ts'
import { bucketName, startServer, type BenchServer } from '../support/server.ts'
import type { Suite } from './suite.ts'

const MiB = 1024 * 1024
const partBytes = 8 * MiB
const inFlight = 8
const randomBytes = 64 * 1024

export const largeFile: Suite = {
  name: 'large-file',
  question: 'How fast does one large file go, and how much memory does it take?',
  byDelay: true,
  async run({ delayMs, scale }) {
    const size = Math.max(32, Math.round(1024 * scale)) * MiB
    const server = await startServer({ delayMs })
    try {
      return [...(await onVolume(server, size)), ...(await byHand(server, size)), ...(await onDisk(size))]
    } finally {
      await server.close()
    }
  },
}

async function onVolume(server: BenchServer, size: number): Promise<Row[]> {
  const rows: Row[] = []
  const withVolume = async (
    question: string,
    bytes: number,
    work: (volume: OpenedVolume) => Promise<void>,
  ): Promise<void> => {
    const volume = await contenders.openBuilt(server, 'large', { diskCacheBytesMax: 0 })
    const memory = watchMemory()
    const { ms, ...cost } = await measure(volume, () => work(volume))
    const memoryPeakBytes = memory.stop()
    await volume.close()
    const bytesPerSecond = (bytes / ms) * 1000
    rows.push({
      question,
      contender: 'bucketfs',
      unit: 's',
      ...spreadOf([ms / 1000]),
      ...cost,
      bytesPerSecond,
      memoryPeakBytes,
    })
  }
  const text = `${size / MiB} MiB`
  await withVolume(`write ${text} in sequence`, size, ({ fs }) => write(fs, '/large', size))
  await withVolume(`read ${text} in sequence, cold`, size, ({ fs }) => read(fs, '/large', size))
  const count = 256
  await withVolume(`read ${count} times 64 KiB at random, cold`, count * randomBytes, ({ fs }) =>
    readRandom(fs, '/large', size, count),
  )
  return rows
}

async function byHand(server: BenchServer, size: number): Promise<Row[]> {
  const client = contenders.sdkClient(server)
  const store = contenders.rawStore(server)
  const question = `read ${size / MiB} MiB in sequence, cold`
  const count = Math.ceil(size / partBytes)
  const row = async (contender: string, task: (offset: number) => Promise<void>): Promise<Row> => {
    const started = performance.now()
    await contenders.inFlight(count, inFlight, (i) => task(i * partBytes))
    const ms = performance.now() - started
    const bytesPerSecond = (size / ms) * 1000
    return { question, contender, unit: 's', ...spreadOf([ms / 1000]), requests: count, bytesPerSecond }
  }
  try {
    return [
      await row('8 parallel ranged GETs, our signer', async (offset) => {
        await store.get('large/large', { range: { offset, length: partBytes } })
      }),
      await row('8 parallel ranged GETs, AWS SDK', async (offset) => {
        const Range = `bytes=${offset}-${offset + partBytes - 1}`
        const reply = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: 'large/large', Range }))
        await reply.Body?.transformToByteArray()
      }),
    ]
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

async function readRandom(fs: contenders.FsModule, path: string, size: number, count: number): Promise<void> {
  const file = await fs.promises.open(path)
  const buffer = Buffer.alloc(randomBytes)
  // A fixed sequence that visits the whole file: the same for every contender and run.
  let state = 12_345
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    const offset = state % (size - randomBytes)
    const { bytesRead } = await file.read(buffer, 0, randomBytes, offset)
    if (bytesRead !== randomBytes) throw new Error(`${bytesRead} bytes read`)
  }
  await file.close()
}
