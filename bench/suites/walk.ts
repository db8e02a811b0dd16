// A walk over 100,000 keys that the volume has never seen.

import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import * as contenders from '../support/contenders.ts'
import { measure } from '../support/meter.ts'
import { spreadOf, type Row } from '../support/row.ts'
import { bucketName, startServer, type BenchServer } from '../support/server.ts'
import type { Suite } from './suite.ts'

export const walk: Suite = {
  name: 'walk',
  question: 'How long does it take to see every name?',
  byDelay: true,
  async run({ delayMs, scale }) {
    const count = Math.max(2000, Math.round(100_000 * scale))
    const server = await startServer({ delayMs, fill: { prefix: 'walk/', count, bytes: 1 } })
    try {
      return [
        await onVolume(server, count, 'readdir, recursive', async (fs) => {
          return (await fs.promises.readdir('/', { recursive: true })).length
        }),
        await onVolume(server, count, 'readdir, recursive, with types', async (fs) => {
          return (await fs.promises.readdir('/', { recursive: true, withFileTypes: true })).length
        }),
        await byHand(server, count),
      ]
    } finally {
      await server.close()
    }
  },
}

async function onVolume(
  server: BenchServer,
  count: number,
  question: string,
  work: (fs: contenders.FsModule) => Promise<number>,
): Promise<Row> {
  // The bucket was filled by a plain uploader, which is what this setting is for.
  const options = { foreignMetadata: 'ignore', diskCacheBytesMax: 0 } as const
  const volume = await contenders.openBuilt(server, 'walk', options)
  const { ms, ...cost } = await measure(volume, async () => {
    const found = await work(volume.fs)
    if (found < count) throw new Error(`${found} names found`)
  })
  await volume.close()
  return {
    question: `${question}, ${count} files`,
    contender: 'bucketfs',
    unit: 's',
    ...spreadOf([ms / 1000]),
    ...cost,
  }
}

async function byHand(server: BenchServer, count: number): Promise<Row> {
  const client = contenders.sdkClient(server)
  const started = performance.now()
  let requests = 0
  let token: string | undefined
  do {
    const command = new ListObjectsV2Command({ Bucket: bucketName, Prefix: 'walk/', ContinuationToken: token })
    token = (await client.send(command)).NextContinuationToken
    requests++
  } while (token !== undefined)
  const seconds = (performance.now() - started) / 1000
  client.destroy()
  const question = `readdir, recursive, ${count} files`
  return { question, contender: 'AWS SDK, pages one after another', unit: 's', ...spreadOf([seconds]), requests }
}
