import { describe, expect, it } from 'vitest'
import type { Version } from '../../../src/volume/inode.ts'
import { resolveSettings } from '../../../src/volume/settings.ts'
import { attributesHold } from '../../../src/volume/tree/attributes.ts'
import { createTreeKit, posixHeaders } from './tree-kit.ts'

const verify = resolveSettings({ uid: 0, gid: 0 })
const ignore = resolveSettings({ uid: 0, gid: 0, foreignMetadata: 'ignore' })
const at = 1_700_000_000_000
const listed = { etag: 'e', size: 1, lastModified: at }

function version(changes: Partial<Version>): Version {
  return { key: 'k', etag: 'e', size: 1, lastModified: at, headersDate: at + 2000, headersRead: true, ...changes }
}

describe('attributes of a version hold for what LIST shows', () => {
  it.each<[string, Partial<Version>, boolean]>([
    ['read two seconds after the last change', {}, true],
    ['read one second after it', { headersDate: at + 1000 }, false],
    ['read in its second', { headersDate: at }, false],
    ['read before a later change', { lastModified: at - 1000, headersDate: at - 1000 + 2000 }, false],
    ['of another ETag', { etag: 'f' }, false],
    ['of another size', { size: 2 }, false],
    ['never read or written', { headersDate: undefined, headersRead: undefined }, false],
    ['written in the listed second', { headersRead: undefined, headersDate: at }, true],
    [
      'written after the listed second',
      { headersRead: undefined, headersDate: at + 5000, lastModified: at + 5000 },
      true,
    ],
    ['written before the listed second', { headersRead: undefined, headersDate: at - 1000 }, false],
  ])('%s', (_, changes, holds) => {
    expect(attributesHold(version(changes), listed, verify)).toBe(holds)
  })

  it("by ETag and size alone with foreignMetadata: 'ignore'", () => {
    expect(attributesHold(version({ headersDate: undefined, lastModified: at - 5000 }), listed, ignore)).toBe(true)
    expect(attributesHold(version({ size: 2 }), listed, ignore)).toBe(false)
  })
})

describe('a foreign change of metadata in the second in which attributes were read', () => {
  it('is seen past the TTL', async () => {
    const kit = createTreeKit()
    for (const name of ['a', 'b']) await kit.put(`d/${name}`, 'x', posixHeaders({ uid: 1 }))
    const directory = await kit.tree.lookup(kit.tree.root, 'd')
    await kit.tree.list(directory, { attributes: true })
    await kit.bucket.copy('d/a', 'd/a', { headers: posixHeaders({ uid: 9 }) })
    await kit.clock.advance(20_000)
    const entries = await kit.tree.list(directory, { attributes: true })
    expect(entries.map(({ inode }) => inode?.attributes.uid)).toEqual([9, 1])
  })
})
