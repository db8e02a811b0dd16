// Tags and checksums of plain objects, and keys that are no paths.

import { crc32, crc32Base64 } from '../../base/bytes.ts'
import { isStoreError } from '../../base/errors.ts'
import { allows, plainHeaders, steady, type Bench } from './steady.ts'

export async function probeTagging({ call, folder, store, text }: Bench): Promise<boolean> {
  const key = `${folder}tagged`
  const made = await allows(() => store.put(key, text, { ...call, headers: plainHeaders, tags: 'bucketfs=probe' }))
  if (!made) return false
  let tags = ''
  const read = await allows(async () => {
    tags = await store.getTags(key, call)
  })
  return read && tags === 'bucketfs=probe'
}

/** An object below an object, and a name that is empty: what no file system can hold. */
export async function probeKeys({ base, call, folder, store, text }: Bench): Promise<boolean> {
  const keys = [`${base}/below`, `${folder}keys//below`]
  const held = await Promise.all(
    keys.map((key) => allows(() => store.put(key, text, { ...call, headers: plainHeaders }))),
  )
  // At once and alone: MinIO leaves it when it is to be deleted together with what is above.
  if (held[0]) await allows(() => store.delete(`${base}/below`, call))
  return held.every((each) => each)
}

/** A wrong CRC-32 must be refused, and a right one given back. */
export async function probeChecksums({ base, call, folder, store, text }: Bench): Promise<boolean> {
  const wrong = async (): Promise<boolean> => {
    try {
      await store.put(`${folder}summed`, text, { ...call, headers: plainHeaders, crc32: crc32Base64(crc32(text) ^ 1) })
      return false
    } catch (error) {
      if (isStoreError(error, 'corrupt', 'invalid')) return true
      throw error
    }
  }
  let refused = false
  const [answered, { checksum }] = await Promise.all([
    allows(async () => {
      refused = await wrong()
    }),
    steady(() => store.head(base, call)),
  ])
  return answered && refused && checksum?.algorithm === 'crc32' && checksum.value === crc32Base64(crc32(text))
}
