// A process that appends lines to /shared of a volume, each by a whole read and write of the file, and prints what was
// acknowledged and what was refused: `node volume-writer.mjs URL NAME ROUNDS`.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { openVolume } from '../../dist/index.js'

const [url, name, rounds] = process.argv.slice(2)
const quiet = { module: new URL('./quiet-logger.mjs', import.meta.url) }
const volume = await openVolume(url, { attributesTtlMs: 0, negativeTtlMs: 0, logger: quiet })
const { promises } = volume.fs
// All begin together.
console.log('ready')
await once(process.stdin, 'data')
process.stdin.destroy()
const acknowledged = []
const refused = []
for (let round = 0; round < Number(rounds); round++) {
  const line = `${name} ${round}`
  try {
    // a+: created when missing, what is there is kept.
    const handle = await promises.open('/shared', 'a+')
    await sleep(2)
    await handle.appendFile(`${line}\n`)
    await handle.close()
    acknowledged.push(line)
  } catch (error) {
    refused.push({ line, code: error.code, conflictPath: error.conflictPath })
  }
}
await volume.close()
console.log(JSON.stringify({ acknowledged, refused }))
