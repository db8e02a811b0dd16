// A process to be killed: writes files under `durability: 'journal'` and prints each as [path, text] once it was
// acknowledged, until it dies. `node volume-victim.mjs URL`.

import { writeSync } from 'node:fs'
import { openVolume } from '../../dist/index.js'

const volume = await openVolume(process.argv[2], { durability: 'journal' })
for (let i = 0; ; i++) {
  const path = `/${process.pid}-${i}`
  const text = `${path} ${'x'.repeat(i * 100)}`
  await volume.fs.promises.writeFile(path, text)
  writeSync(1, `${JSON.stringify([path, text])}\n`)
}
