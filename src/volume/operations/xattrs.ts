// Extended attributes of the `user.` namespace, at most 64 KiB each, as xattr(7). They travel in object metadata, past
// 2 KB in a side object.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { readHeaders, readXattrs } from '../names/describe.ts'
import { mayRead, mayWrite } from '../tree/permissions.ts'
import type { Caller } from '../types.ts'
import { acknowledgeAttributes, changedAttributes } from './set-attributes.ts'
import { checkWritable, permit } from './permit.ts'

const valueBytesMax = 65_536
const nameBytesMax = 255
/** All of one inode together, as the kernel bounds a listing. */
const totalBytesMax = 1024 * 1024

export async function getXattr(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  name: string,
): Promise<Uint8Array> {
  permit(context, caller, inode, mayRead)
  const value = (await known(context, inode)).get(name)
  if (!value) throw new VolumeError('ENODATA')
  return value
}

export async function listXattrs(context: VolumeContext, inode: Inode): Promise<readonly string[]> {
  return [...(await known(context, inode)).keys()]
}

export async function setXattr(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  name: string,
  value: Uint8Array,
  mode: 'either' | 'create' | 'replace',
): Promise<void> {
  checkChange(context, caller, inode, name)
  if (value.byteLength > valueBytesMax) throw new VolumeError('E2BIG')
  const xattrs = await known(context, inode)
  if (mode === 'create' && xattrs.has(name)) throw new VolumeError('EEXIST')
  if (mode === 'replace' && !xattrs.has(name)) throw new VolumeError('ENODATA')
  let total = value.byteLength
  for (const [other, bytes] of xattrs) if (other !== name) total += bytes.byteLength
  if (total > totalBytesMax) throw new VolumeError('ENOSPC')
  await change(context, inode, name, value.slice())
}

export async function removeXattr(context: VolumeContext, caller: Caller, inode: Inode, name: string): Promise<void> {
  checkChange(context, caller, inode, name)
  if (!(await known(context, inode)).has(name)) throw new VolumeError('ENODATA')
  await change(context, inode, name, null)
}

async function change(context: VolumeContext, inode: Inode, name: string, value: Uint8Array | null): Promise<void> {
  const xattrs = inode.xattrs ?? new Map<string, Uint8Array>()
  inode.xattrs = xattrs
  if (value) xattrs.set(name, value)
  else xattrs.delete(name)
  inode.changedXattrs.set(name, value)
  changedAttributes(context, inode)
  await acknowledgeAttributes(context, inode, inode.content !== null && inode.openCount > 0)
}

function checkChange(context: VolumeContext, caller: Caller, inode: Inode, name: string): void {
  checkWritable(context)
  if (!name.startsWith('user.') || name === 'user.') throw new VolumeError('ENOTSUP')
  if (Buffer.byteLength(name) > nameBytesMax) throw new VolumeError('ERANGE')
  if (inode.type !== 'file' && inode.type !== 'directory') throw new VolumeError('EPERM')
  permit(context, caller, inode, mayWrite)
}

async function known(context: VolumeContext, inode: Inode): Promise<Map<string, Uint8Array>> {
  if (inode.xattrs) return inode.xattrs
  if (inode.base && !inode.base.headers) {
    const other = await inode.remoteLock.run(() => readHeaders(context, inode))
    if (other) throw new VolumeError(other.info ? 'ESTALE' : 'ENOENT')
  }
  return readXattrs(context, inode)
}
