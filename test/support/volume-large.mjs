// A process that writes one large file and reads it back in sequence through a volume, and prints what it took:
// `node volume-large.mjs URL BYTES OPTIONS`.

import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openVolume } from '../../dist/index.js'

const [url, bytes, given] = process.argv.slice(2)
const options = JSON.parse(given)
const size = Number(bytes)
const stepBytes = 1024 * 1024
const baseRss = process.memoryUsage().rss

function folderBytes(folder) {
  let total = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) {
      try {
        total += statSync(join(entry.parentPath, entry.name)).size
      } catch (error) {
        // Evicted while we looked.
        if (error.code !== 'ENOENT') throw error
      }
    }
  return total
}

let memoryPeak = 0
let cachePeak = 0
async function look(volume) {
  memoryPeak = Math.max(memoryPeak, Number((await volume.metrics()).memoryBytesPeak))
  if (options.cacheDir) cachePeak = Math.max(cachePeak, folderBytes(options.cacheDir))
}

const step = new Uint8Array(stepBytes)
const write = createHash('md5')
const volume = await openVolume(url, options)
const writer = await volume.fs.promises.open('/large', 'w')
for (let at = 0, i = 0; at < size; at += stepBytes, i++) {
  step.fill(i)
  step[i % stepBytes] ^= 0x55
  const part = step.subarray(0, Math.min(stepBytes, size - at))
  write.update(part)
  await writer.write(part)
  if (i % 32 === 0) await look(volume)
}
await writer.close()
await look(volume)
await volume.close()

const again = await openVolume(url, options)
const read = createHash('md5')
const reader = await again.fs.promises.open('/large', 'r')
const buffer = Buffer.alloc(stepBytes)
for (let i = 0; ; i++) {
  const { bytesRead } = await reader.read(buffer, 0, stepBytes)
  if (bytesRead === 0) break
  read.update(buffer.subarray(0, bytesRead))
  if (i % 32 === 0) await look(again)
}
await reader.close()
await look(again)
const { unverified = 0 } = await again.metrics()
await again.close()
const rssPeak = process.resourceUsage().maxRSS * 1024
console.log(
  JSON.stringify({
    same: write.digest('hex') === read.digest('hex'),
    memoryPeak,
    cachePeak,
    rssPeak,
    baseRss,
    unverified,
  }),
)
