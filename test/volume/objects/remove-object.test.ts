// Removing the version seen and no other.

import { describe, expect, it } from 'vitest'
import { StoreError } from '../../../src/base/errors.ts'
import { removeMany, removeObject } from '../../../src/volume/objects/remove-object.ts'
import { putText } from '../../support/store-kit.ts'
import { createRig, versionAt, type Rig } from './rig.ts'

async function seen(rig: Rig, key = 'k', text = 'contents') {
  await putText(rig.bucket, key, text)
  return versionAt(rig, key)
}

async function keys(rig: Rig): Promise<readonly string[]> {
  return (await rig.bucket.list()).objects.map(({ key }) => key)
}

describe('removing one object', () => {
  it('is one DELETE', async () => {
    const rig = createRig()
    expect(await removeObject(rig.deps, await seen(rig))).toBe('removed')
    expect(rig.counts()).toEqual({ delete: 1 })
    expect(await keys(rig)).toEqual([])
  })

  it('says when it was gone already', async () => {
    const rig = createRig()
    const version = await seen(rig)
    await rig.bucket.delete('k')
    expect(await removeObject(rig.deps, version)).toBe('absent')
  })

  it('leaves another version alone and says what it is', async () => {
    const rig = createRig()
    const version = await seen(rig)
    await putText(rig.bucket, 'k', 'foreign')
    expect(await removeObject(rig.deps, version)).toMatchObject({ key: 'k', size: 7 })
    expect(await keys(rig)).toEqual(['k'])
  })

  it('takes a lost reply for done when the object is gone', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-reply', operations: ['delete'], times: 1 }] })
    expect(await removeObject(rig.deps, await seen(rig))).toBe('removed')
    expect(rig.counts()).toEqual({ delete: 1, head: 1 })
  })

  it('sends again what never arrived', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-request', operations: ['delete'], times: 1 }] })
    expect(await removeObject(rig.deps, await seen(rig))).toBe('removed')
    expect(rig.counts()).toEqual({ delete: 2, head: 1 })
    expect(await keys(rig)).toEqual([])
  })

  it('does not remove what somebody created after our delete, whose reply was lost', async () => {
    const rig = createRig({
      rules: [{ fault: 'lost-reply', operations: ['delete'], times: 1 }],
      provider: (store) => ({
        ...store,
        async delete(key, options) {
          await store.delete(key, options)
          await putText(store, key, 'contents', { headers: { metadata: { 'bucketfs-id': 'other' } } })
        },
      }),
    })
    await putText(rig.bucket, 'k', 'contents', { headers: { metadata: { 'bucketfs-id': 'ours' } } })
    const result = await removeObject(rig.deps, await versionAt(rig, 'k'))
    expect(result).toMatchObject({ headers: { metadata: { 'bucketfs-id': 'other' } } })
    expect(await keys(rig)).toEqual(['k'])
  })
})

describe('removing many', () => {
  it('is one request for a thousand, each under its own condition', async () => {
    const rig = createRig()
    const versions = []
    for (let i = 0; i < 1001; i++) versions.push(await seen(rig, `k${i}`))
    expect(await removeMany(rig.deps, versions)).toEqual(versions.map(() => 'removed'))
    expect(rig.counts()).toEqual({ deleteMany: 2 })
    expect(await keys(rig)).toEqual([])
  })

  it('leaves versions it has not seen, and says which they are', async () => {
    const rig = createRig()
    const versions = [await seen(rig, 'a'), await seen(rig, 'b'), await seen(rig, 'c')]
    await putText(rig.bucket, 'b', 'foreign')
    await rig.bucket.delete('c')
    expect(await removeMany(rig.deps, versions)).toEqual([
      'removed',
      expect.objectContaining({ key: 'b', size: 7 }),
      'absent',
    ])
    expect(await keys(rig)).toEqual(['b'])
  })

  it('goes on after a lost reply', async () => {
    const rig = createRig({ rules: [{ fault: 'lost-reply', operations: ['deleteMany'], times: 1 }] })
    const versions = [await seen(rig, 'a'), await seen(rig, 'b')]
    for (const result of await removeMany(rig.deps, versions)) expect(['removed', 'absent']).toContain(result)
    expect(await keys(rig)).toEqual([])
  })

  it('gives the failure of one beside the success of the others', async () => {
    const rig = createRig({
      provider: (store) => ({
        ...store,
        async deleteMany(entries, options) {
          const denied = new StoreError({ kind: 'denied', operation: 'deleteMany', key: 'a', status: 403 })
          return [{ key: 'a', error: denied }, ...(await store.deleteMany(entries.slice(1), options))]
        },
      }),
    })
    const versions = [await seen(rig, 'a'), await seen(rig, 'b')]
    expect(await removeMany(rig.deps, versions)).toEqual([expect.objectContaining({ kind: 'denied' }), 'removed'])
  })

  it('tries again by itself what was refused in the batch for now', async () => {
    const rig = createRig({
      provider: (store) => ({
        ...store,
        async deleteMany(entries) {
          const busy = new StoreError({ kind: 'unavailable', operation: 'deleteMany', status: 500 })
          return entries.map(({ key }) => ({ key, error: busy }))
        },
      }),
    })
    expect(await removeMany(rig.deps, [await seen(rig, 'a')])).toEqual(['removed'])
    expect(rig.counts()).toEqual({ deleteMany: 1, delete: 1 })
  })
})
