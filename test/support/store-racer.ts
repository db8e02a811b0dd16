// A process that races another one on a directory bucket: `node --import tsx store-racer.ts ROOT ROUNDS`. It adds one
// to a counter ROUNDS times by conditional replacement, and tries to create ROUNDS keys; prints how many it created.

import { isStoreError } from '../../src/base/errors.ts'
import { createDirectoryStore } from '../../src/store/directory.ts'

const [root, rounds] = process.argv.slice(2)
const headers = { metadata: { by: String(process.pid) } }
const store = await createDirectoryStore({ root: root as string, durable: false })
let created = 0
for (let round = 0; round < Number(rounds); round++) {
  try {
    await store.put(`dir/key-${round}`, Buffer.from(String(process.pid)), { headers, ifNoneMatch: '*' })
    created++
  } catch (error) {
    if (!isStoreError(error, 'precondition')) throw error
  }
  for (let added = false; !added;) {
    const { body, etag } = await store.get('counter')
    try {
      const next = String(Number(Buffer.from(body).toString()) + 1)
      await store.put('counter', Buffer.from(next), { headers, ifMatch: etag })
      added = true
    } catch (error) {
      if (!isStoreError(error, 'precondition')) throw error
    }
  }
}
await store.close()
console.log(created)
