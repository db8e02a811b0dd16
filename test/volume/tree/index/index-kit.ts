// What the tests of attribute indexes share: buckets seen once by `ls -l`, and writes as write-back does them.

import { attributeIndexKey, decodeAttributeIndex } from '../../../../src/format/attribute-index.ts'
import type { AttributeRow } from '../../../../src/format/attribute-index.ts'
import type { ObjectStore } from '../../../../src/store/store.ts'
import type { Inode } from '../../../../src/volume/inode.ts'
import { createTreeKit, posixHeaders } from '../tree-kit.ts'
import type { TreeKit } from '../tree-kit.ts'

export async function fill(kit: TreeKit, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await kit.put(`${prefix}${i}`, 'x', posixHeaders({ uid: i }))
}

/** As `ls -l`: uids of the entries by name. */
export async function ls(kit: TreeKit, path: string): Promise<Record<string, number>> {
  const directory = await kit.at(path)
  if (!directory) throw new Error(`${path} is not there`)
  const entries = await kit.tree.list(directory, { attributes: true })
  return Object.fromEntries(entries.map(({ name, inode }) => [name, inode?.attributes.uid ?? -1]))
}

/** As `ls -lR`: number of entries. */
export async function lsAll(kit: TreeKit, path = ''): Promise<number> {
  const directory = await kit.at(path)
  if (!directory) return 0
  const entries = await kit.tree.list(directory, { attributes: true })
  let count = entries.length
  for (const { name, inode } of entries) if (inode?.directory) count += await lsAll(kit, `${path}/${name}`)
  return count
}

export async function rowsOf(bucket: ObjectStore, prefix: string): Promise<readonly AttributeRow[]> {
  const decoded = decodeAttributeIndex((await bucket.get(attributeIndexKey(prefix))).body, prefix)
  return decoded.ok && decoded.value.kind === 'rows' ? decoded.value.rows : []
}

/** A bucket of `count` files older than the blind spot, seen once by `ls -l`, its index written. */
export async function indexed(count = 5, settings = {}): Promise<TreeKit> {
  const kit = createTreeKit({ settings })
  await fill(kit, 'd/', count)
  await kit.clock.advance(5000)
  await ls(kit, '/d')
  await kit.tree.flushIndexes()
  kit.spent()
  return kit
}

export async function mkdir(kit: TreeKit, name: string): Promise<Inode> {
  const inode = kit.tree.createInode('directory', { ...kit.tree.root.attributes }, { directory: kit.tree.root, name })
  kit.tree.attach(kit.tree.root, name, inode)
  return inode
}

/** As write-back does it: PUT, then tell the tree. */
export async function write(
  kit: TreeKit,
  directory: Inode,
  name: string,
  uid: number,
  mode = 0o100644,
): Promise<Inode> {
  const inode = kit.tree.createInode(
    mode === 0o120777 ? 'symlink' : 'file',
    { ...directory.attributes, mode, uid, size: 1 },
    { directory, name },
  )
  kit.tree.attach(directory, name, inode)
  const headers = posixHeaders({ mode, uid })
  const key = kit.tree.keyOf(inode)
  const { etag, date } = await kit.put(key, 'x', headers)
  kit.tree.learned(inode, { key, etag, size: 1, lastModified: date, headers, ours: true, headersDate: date })
  kit.tree.settle(directory, name)
  return inode
}
