// A walk over 100,000 keys that the volume has never seen.

import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import * as contenders from '../support/contenders.ts'
import { measure } from '../support/meter.ts'
import { Samples } from '../support/row.ts'
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
      const samples = new Samples()
      for (let round = 0; round < rounds; round++) {
        await onVolume(samples, server, count, 'readdir, recursive', async (fs) => {
          return (await fs.promises.readdir('/', { recursive: true })).length
        })
        await onVolume(samples, server, count, 'readdir, recursive, with types', async (fs) => {
          return (await fs.promises.readdir('/', { recursive: true, withFileTypes: true })).length
        })
        await byHand(samples, server, count)
      }
      return samples.rows()
    } finally {
      await server.close()
    }
  },
}

const rounds = 3

async function onVolume(
  samples: Samples,
  server: BenchServer,
  count: number,
  question: string,
  work: (fs: contenders.FsModule) => Promise<number>,
): Promise<void> {
  // The bucket was filled by a plain uploader, which is what this setting is for.
  const options = { foreignMetadata: 'ignore', diskCacheBytesMax: 0 } as const
  const volume = await contenders.openBuilt(server, 'walk', options)
  const { ms, ...cost } = await measure(volume, async () => {
    const found = await work(volume.fs)
    if (found < count) throw new Error(`${found} names found`)
  })
  await volume.close()
  samples.add(`${question}, ${count} files`, 'bucketfs', ms, cost)
}

async function byHand(samples: Samples, server: BenchServer, count: number): Promise<void> {
  const client = contenders.sdkClient(server)
  const started = performance.now()
  let requests = 0
  let token: string | undefined
  do {
    const command = new ListObjectsV2Command({ Bucket: bucketName, Prefix: 'walk/', ContinuationToken: token })
    token = (await client.send(command)).NextContinuationToken
    requests++
  } while (token !== undefined)
  const ms = performance.now() - started
  client.destroy()
  samples.add(`readdir, recursive, ${count} files`, 'AWS SDK, pages one after another', ms, { requests })
}
