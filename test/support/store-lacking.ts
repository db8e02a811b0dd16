// A store that lacks what its capabilities deny: conditions are ignored, as such providers do, operations refused.

import { StoreError } from '../../src/base/errors.ts'
import type { ObjectStore, StoreCapabilities, WriteCondition } from '../../src/store/store.ts'

export function lacking(store: ObjectStore, denied: Partial<StoreCapabilities>): ObjectStore {
  const can: StoreCapabilities = { ...store.capabilities, ...denied }
  const honoured = <T extends WriteCondition>(options: T, ifMatch: boolean, ifNoneMatch: boolean): T => ({
    ...options,
    ifMatch: ifMatch ? options.ifMatch : undefined,
    ifNoneMatch: ifNoneMatch ? options.ifNoneMatch : undefined,
  })
  const unsupported = async (operation: string): Promise<never> => {
    throw new StoreError({ kind: 'unsupported', operation, status: 501 })
  }
  return {
    ...store,
    capabilities: can,
    put: (key, body, options) =>
      !can.tagging && options.tags !== undefined
        ? unsupported('put')
        : store.put(key, body, honoured(options, can.putIfMatch, can.putIfNoneMatch)),
    copy(source, key, options = {}) {
      const sourceIfMatch = can.copySourceIfMatch ? options.sourceIfMatch : undefined
      return store.copy(source, key, { ...honoured(options, can.copyIfMatch, can.copyIfNoneMatch), sourceIfMatch })
    },
    delete: (key, options = {}) => store.delete(key, can.deleteIfMatch ? options : { ...options, ifMatch: undefined }),
    deleteMany(entries, options) {
      if (!can.deleteMany) return unsupported('deleteMany')
      return store.deleteMany(can.deleteManyIfMatch ? entries : entries.map(({ key }) => ({ key })), options)
    },
    getTags: (key, options) => (can.tagging ? store.getTags(key, options) : unsupported('getTags')),
    copyPart(key, uploadId, partNumber, source, options = {}) {
      if (!can.partCopy) return unsupported('copyPart')
      const sourceIfMatch = can.partCopySourceIfMatch ? options.sourceIfMatch : undefined
      return store.copyPart(key, uploadId, partNumber, source, { ...options, sourceIfMatch })
    },
    completeUpload: (key, uploadId, parts, options = {}) =>
      store.completeUpload(key, uploadId, parts, honoured(options, can.completeIfMatch, can.completeIfNoneMatch)),
  }
}
