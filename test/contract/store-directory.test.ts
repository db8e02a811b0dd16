// The contract on the directory store.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDirectoryStore } from '../../src/store/directory.ts'
import { describeStoreContract } from './store-suite.ts'

describeStoreContract('directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'bucketfs-directory-'))
  const store = await createDirectoryStore({ root, durable: false })
  const close = async (): Promise<void> => {
    await store.close()
    await rm(root, { recursive: true })
  }
  return { store, close }
})
