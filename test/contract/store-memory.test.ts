// The contract on the memory store.

import { createMemoryStore } from '../../src/store/memory.ts'
import { describeStoreContract } from './store-suite.ts'

describeStoreContract('memory', async () => {
  const store = createMemoryStore()
  return { store, close: () => store.close() }
})
