// From an inode to the headers of its next version, and what has to be read before they can be written: headers of the
// present version (so that nothing unknown is lost), its tags, and the side object of large xattrs.

import { VolumeError } from '../../base/errors.ts'
import { randomId } from '../../base/random.ts'
import { encodeMetadata } from '../../format/metadata.ts'
import { decodeXattrs, decodeXattrsSide, sideXattrsKey } from '../../format/xattrs.ts'
import type { ObjectHeaders, ObjectInfo } from '../../store/store.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { orMissing, versionOfInfo } from '../tree/attributes.ts'

export interface Description {
  readonly headers: ObjectHeaders
  readonly writeId: string
}

/**
 * Headers for the next version. The side object of xattrs past the 2 KB budget is PUT here, before anything names it.
 * `contents: 'kept'` describes a copy of the present body; `writeId` is given when an upload has begun with one.
 */
export async function describe(
  context: VolumeContext,
  inode: Inode,
  contents: 'kept' | 'new',
  writeId: string = randomId(context.random),
): Promise<Description> {
  const { headers, side } = encodeMetadata<ObjectHeaders>(inode.base?.headers, {
    attributes: inode.attributes,
    xattrs: inode.xattrs,
    writeId,
    contents,
  })
  if (side) await context.store.put(side.key, side.body, { headers: { metadata: {} }, purpose: 'side' })
  return { headers, writeId }
}

/**
 * Makes the headers of `base` known: 1 HEAD when only a LIST has shown it. Null: as they should be; otherwise what is
 * there instead (`info: null`: nothing). To be called with the remoteLock held.
 */
export async function readHeaders(
  context: VolumeContext,
  inode: Inode,
): Promise<{ readonly info: ObjectInfo | null } | null> {
  const { base } = inode
  if (!base || base.headers) return null
  const info = await orMissing(context.store.head(base.key))
  if (info) context.serverTime.observe(info.date)
  if (!info || info.etag !== base.etag) return { info }
  adoptHeaders(context, inode, info)
  return null
}

/** All xattrs are known afterwards. ENODATA-like absence is an empty map; EIO when the side object is gone or damaged. */
export async function readXattrs(context: VolumeContext, inode: Inode): Promise<Map<string, Uint8Array>> {
  if (inode.xattrs) return inode.xattrs
  const metadata = inode.base?.headers?.metadata ?? {}
  const key = sideXattrsKey(metadata)
  if (key === undefined) return (inode.xattrs = new Map())
  const reply = await orMissing(context.store.get(key, { purpose: 'side' }))
  const side = reply && decodeXattrsSide(reply.body)
  if (!side?.ok) throw new VolumeError('EIO', { message: `extended attributes in ${key} are lost or damaged` })
  return (inode.xattrs = new Map([...decodeXattrs(metadata), ...side.value]))
}

/** The headers of the version the inode already has. Attributes changed here stay. */
function adoptHeaders(context: VolumeContext, inode: Inode, info: ObjectInfo): void {
  const { changed } = inode
  const { size } = inode.attributes
  const wasKnown = inode.attributesKnown
  const before = { ...inode.attributes }
  inode.base = versionOfInfo(info, inode.base)
  if (!inode.dirty) {
    context.tree.learned(inode, info)
    return
  }
  // Made dirty while only a listing had been seen: what was not set here is taken from the headers.
  const dirty = { content: inode.content, attributesDirty: inode.attributesDirty }
  inode.content = null
  inode.attributesDirty = false
  context.tree.learned(inode, info)
  inode.content = dirty.content
  inode.attributesDirty = dirty.attributesDirty
  if (wasKnown) Object.assign(inode.attributes, before)
  Object.assign(inode.attributes, changed, { size })
  applyXattrChanges(inode)
}

/** What was set here, over what was read. */
export function reapplyChanges(inode: Inode): void {
  Object.assign(inode.attributes, inode.changed)
  applyXattrChanges(inode)
}

function applyXattrChanges(inode: Inode): void {
  if (!inode.xattrs) return
  for (const [name, value] of inode.changedXattrs) {
    if (value === null) inode.xattrs.delete(name)
    else inode.xattrs.set(name, value)
  }
}
