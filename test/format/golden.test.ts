import { describe, expect, it } from 'vitest'
import {
  attributeIndexKey,
  attributeIndexPartKey,
  decodeAttributeIndex,
  encodeAttributeParts,
  encodeAttributeRows,
} from '../../src/format/attribute-index.ts'
import { blockChecksumsKey, decodeBlockChecksums, encodeBlockChecksums } from '../../src/format/block-checksums.ts'
import { conflictPlace, decodeConflictNote, encodeConflictNote } from '../../src/format/conflict-name.ts'
import { decodeRenameIntent, encodeRenameIntent } from '../../src/format/rename-intent.ts'
import { streamKey, unlinkedKey, zerosKey } from '../../src/format/system-key.ts'
import { decodeXattrsSide, encodeXattrs } from '../../src/format/xattrs.ts'

// The bytes on the bucket. A change here is a new format version, not an edit of this file.

const text = (body: Uint8Array): string => Buffer.from(body).toString()
const id = '0123456789abcdef0123456789abcdef'

const row = {
  name: 'caf\udce9',
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  size: 12,
  lastModified: 1_700_000_000_000,
  headersDate: 1_700_000_005_000,
  written: true,
  ours: true,
  mode: 0o100644,
  uid: 1000,
  gid: 100,
  rdev: 0,
  mtimeNs: 1_600_000_000_000_000_001n,
  ctimeNs: 1_700_000_000_000_000_000n,
  atimeNs: 1_600_000_000_000_000_001n,
  birthtimeNs: 1_600_000_000_000_000_001n,
  atimeSet: false,
  target: undefined,
}
const link = {
  ...row,
  name: 'l',
  written: false,
  ours: false,
  mode: 0o120777,
  atimeSet: true,
  atimeNs: -500_000_000n,
  target: '../x',
}

describe('bytes on the bucket', () => {
  it('attribute index', () => {
    const { key, body } = encodeAttributeRows('d/e/', [row, link])
    expect(key).toBe('.bucketfs/cache/attributes/bd484c4f834aecdfc87a39d7d8c4eb81')
    expect(text(body)).toMatchInlineSnapshot(`
      "{"format":"bucketfs-attributes","version":1,"directory":"d/e/","kind":"rows","rows":2,"crc32":"b7c5cdfd"}
      ["caf\\udce9","d41d8cd98f00b204e9800998ecf8427e",12,1700000000,1700000005,3,33188,1000,100,0,"1600000000.000000001","1700000000",null,null]
      ["l","d41d8cd98f00b204e9800998ecf8427e",12,1700000000,1700000005,4,41471,1000,100,0,"1600000000.000000001","1700000000","-1.500000000",null,"../x"]
      "
    `)
    expect(decodeAttributeIndex(body, 'd/e/')).toEqual({ ok: true, value: { kind: 'rows', rows: [row, link] } })
  })

  it('attribute index in parts', () => {
    const { key, body } = encodeAttributeParts('', [
      { from: '', id },
      { from: 'm', id: 'f'.repeat(32) },
    ])
    expect(key).toBe(attributeIndexKey(''))
    expect(attributeIndexPartKey('', id)).toBe(`${key}-${id}`)
    expect(encodeAttributeRows('', [row], id).key).toBe(`${key}-${id}`)
    expect(text(body)).toMatchInlineSnapshot(`
      "{"format":"bucketfs-attributes","version":1,"directory":"","kind":"parts","rows":2,"crc32":"3516951e"}
      ["","0123456789abcdef0123456789abcdef"]
      ["m","ffffffffffffffffffffffffffffffff"]
      "
    `)
    expect(decodeAttributeIndex(body, '')).toEqual({
      ok: true,
      value: {
        kind: 'parts',
        parts: [
          { from: '', id },
          { from: 'm', id: 'f'.repeat(32) },
        ],
      },
    })
  })

  it('block checksums', () => {
    const blocks = {
      key: 'a/b',
      etag: 'e-2',
      size: 2_500_000,
      blockBytes: 1_048_576,
      checksums: Uint32Array.of(1, 0xffff_ffff, 7),
    }
    const { key, body } = encodeBlockChecksums(blocks)
    expect(key).toBe(blockChecksumsKey('a/b', 'e-2'))
    expect(key).toMatchInlineSnapshot(
      `".bucketfs/cache/checksums/c14cddc033f64b9dea80ea675cf280a0/761d230a06e678ef0d18d4997dad6b33"`,
    )
    expect(text(body)).toMatchInlineSnapshot(`
      "{"format":"bucketfs-block-checksums","version":1,"key":"a/b","etag":"e-2","size":2500000,"blockBytes":1048576,"rows":1,"crc32":"8d7b94f8"}
      "AAAAAf////8AAAAH"
      "
    `)
    expect(decodeBlockChecksums(body, 'a/b', 'e-2')).toEqual({ ok: true, value: blocks })
    expect(decodeBlockChecksums(body, 'a/b', 'e-3')).toEqual({ ok: false, reason: 'damaged' })
  })

  it('block checksums of ten thousand blocks', () => {
    const checksums = Uint32Array.from({ length: 10_000 }, (_, i) => i * 429_496)
    const blocks = { key: 'k', etag: 'e', size: 10_000 * 4096 - 1, blockBytes: 4096, checksums }
    expect(decodeBlockChecksums(encodeBlockChecksums(blocks).body, 'k', 'e')).toEqual({ ok: true, value: blocks })
  })

  it('rename intent', () => {
    const intent = { id, from: 'a/', to: 'b/c/', renewedMs: 1_700_000_000_000, owner: 'f'.repeat(32) }
    const { key, body } = encodeRenameIntent(intent)
    expect(key).toBe(`.bucketfs/data/renames/${id}`)
    expect(text(body)).toMatchInlineSnapshot(`
      "{"format":"bucketfs-rename","version":1,"id":"0123456789abcdef0123456789abcdef","from":"a/","to":"b/c/","renewedMs":1700000000000,"owner":"ffffffffffffffffffffffffffffffff","rows":0,"crc32":"4aa1097f"}
      "
    `)
    expect(decodeRenameIntent(body)).toEqual({ ok: true, value: intent })
  })

  it('conflict note', () => {
    const note = { path: '/a', baseEtag: 'e', size: 10, present: [[0, 4]] as const, missing: [[4, 6]] as const }
    expect(text(encodeConflictNote(note))).toMatchInlineSnapshot(`
      "{"format":"bucketfs-conflict","version":1,"path":"/a","baseEtag":"e","size":10,"present":[[0,4]],"missing":[[4,6]],"rows":0,"crc32":"5776228d"}
      "
    `)
    expect(decodeConflictNote(encodeConflictNote(note))).toEqual({ ok: true, value: note })
  })

  it('conflict copies', () => {
    expect(conflictPlace('/a/caf\udce9', 1_700_000_000_000, id)).toEqual({
      path: '/.bucketfs/data/conflicts/a/caf\udce9.20231114T221320Z-01234567',
      key: '.bucketfs/data/conflicts/a/.bucketfs%caf%E9.20231114T221320Z-01234567',
      notePath: '/.bucketfs/data/conflicts/a/caf\udce9.20231114T221320Z-01234567.missing.json',
      noteKey: '.bucketfs/data/conflicts/a/.bucketfs%caf%E9.20231114T221320Z-01234567.missing.json',
    })
  })

  it('xattrs past the budget', () => {
    const { metadata, side } = encodeXattrs(
      {},
      new Map([
        ['user.a', Buffer.from('x'.repeat(2100))],
        ['user.\udce9', Buffer.from('y')],
      ]),
    )
    expect(metadata).toMatchInlineSnapshot(`
      {
        "%e9": "y",
        "bucketfs-xattrs": "72d4e7dfd9be44d2be8852b4826aee84",
      }
    `)
    expect(side?.key).toBe(`.bucketfs/data/xattrs/${metadata['bucketfs-xattrs']}`)
    expect(text(side?.body as Uint8Array).replace(/(eHh4)+/, '…')).toMatchInlineSnapshot(`
      "{"format":"bucketfs-xattrs","version":1,"rows":1,"crc32":"59e05793"}
      ["user.a","…"]
      "
    `)
    expect(decodeXattrsSide(side?.body as Uint8Array).ok).toBe(true)
  })

  it('other keys', () => {
    expect([streamKey(id), unlinkedKey(id), zerosKey(8)]).toEqual([
      `.bucketfs/data/streams/${id}`,
      `.bucketfs/data/unlinked/${id}`,
      '.bucketfs/cache/zeros/8',
    ])
  })
})
