// A bucket that cannot be changed through this store.

import { StoreError } from '../base/errors.ts'
import type { ObjectStore } from './store.ts'
import { mutations, wrapStore } from './wrap.ts'

export function withReadOnly(store: ObjectStore): ObjectStore {
  return wrapStore(store, async ({ operation, key }, run) => {
    if (mutations.has(operation)) throw new StoreError({ kind: 'read-only', operation, key })
    return run()
  })
}
