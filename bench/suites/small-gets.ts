// CPU of one GET of 4 KiB in the client, user and system, 16 in flight: our signed path beside plain node:http, which
// signs and checks nothing, and the SDK.

import { GetObjectCommand } from '@aws-sdk/client-s3'
import { Agent, get } from 'node:http'
import * as contenders from '../support/contenders.ts'
import { spreadOf, type Row } from '../support/row.ts'
import { bucketName, startCanned } from '../support/server.ts'
import type { Suite } from './suite.ts'

const inFlight = 16
const batches = 15
const key = 'some/prefix/of/files/file-000001.txt'

export const smallGets: Suite = {
  name: 'small-gets',
  question: 'How much CPU does one small GET cost the client?',
  byDelay: false,
  async run({ scale }) {
    const count = Math.max(200, Math.round(3000 * scale))
    const server = await startCanned()
    const store = contenders.rawStore(server)
    const client = contenders.sdkClient(server)
    const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
    try {
      return [
        await measureCpu('lean path, signed and verified', count, async () => void (await store.get(key))),
        await measureCpu('node:http, unsigned', count, () =>
          getPlain(`${server.endpoint}/${bucketName}/${key}`, agent),
        ),
        await measureCpu('AWS SDK', Math.ceil(count / 4), async () => {
          const reply = await client.send(new GetObjectCommand({ Bucket: bucketName, Key: key }))
          await reply.Body?.transformToByteArray()
        }),
      ]
    } finally {
      agent.destroy()
      client.destroy()
      await store.close()
      await server.close()
    }
  },
}

/** µs of CPU per call; the first batches are for the compiler. */
async function measureCpu(contender: string, count: number, call: () => Promise<void>): Promise<Row> {
  const samples: number[] = []
  for (let batch = -3; batch < batches; batch++) {
    const started = process.cpuUsage()
    await contenders.inFlight(count, inFlight, call)
    const { user, system } = process.cpuUsage(started)
    if (batch >= 0) samples.push((user + system) / count)
  }
  return { question: 'CPU of a GET of 4 KiB', contender, unit: 'µs', ...spreadOf(samples), requests: 1 }
}

function getPlain(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (reply) => {
      let bytes = 0
      reply.on('data', (data: Buffer) => (bytes += data.length))
      reply.on('error', reject)
      reply.on('end', () => (bytes === 4096 ? resolve() : reject(new Error(`${bytes} bytes`))))
    }).on('error', reject)
  })
}
