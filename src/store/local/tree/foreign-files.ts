// Records that no sidecar gives: files of others are read once to be hashed; keys of the hashed folder are read from
// their sidecars.

import { createHash } from 'node:crypto'
import { compareUtf8, crc32, MiB } from '../../../base/bytes.ts'
import { fullChecksum } from '../objects.ts'
import type { FileHandlePort, FilePort, FileStat, KeyScan, ObjectRecord } from '../shelf.ts'
import type { Sidecars } from './sidecar.ts'
import { absentAsUndefined } from './sidecar.ts'

const pieceBytes = 4 * MiB

/** What a plain file is as an object: MD5 ETag, no headers, dated by its mtime. */
export async function foreignRecord(key: string, handle: FileHandlePort, stat: FileStat): Promise<ObjectRecord> {
  const md5 = createHash('md5')
  let crc = 0
  for (let offset = 0; offset < stat.size;) {
    const piece = await handle.read(offset, Math.min(pieceBytes, stat.size - offset))
    // Cut short meanwhile: the caller sees the changed stat.
    if (piece.byteLength === 0) break
    md5.update(piece)
    crc = crc32(piece, crc)
    offset += piece.byteLength
  }
  return {
    key,
    size: stat.size,
    etag: md5.digest('hex'),
    lastModified: Number(stat.mtimeNs / 1_000_000_000n) * 1000,
    headers: { metadata: {} },
    tags: '',
    checksum: fullChecksum(crc),
  }
}

/** Keys kept by hash, in order. There are few: a segment over 255 bytes is no file name anywhere. */
export async function* scanLongKeys(
  files: FilePort,
  sidecars: Sidecars,
  root: string,
  prefix: string,
  after: string,
): KeyScan {
  const keys: string[] = []
  for (const { name, kind } of (await absentAsUndefined(files.readdir(root))) ?? []) {
    const stat = kind === 'file' ? await absentAsUndefined(files.stat(`${root}/${name}`)) : undefined
    const key = stat && (await sidecars.read(name, stat))?.key
    if (key?.startsWith(prefix) && compareUtf8(key, after) > 0) keys.push(key)
  }
  let skip: string | undefined
  for (const key of keys.sort(compareUtf8)) {
    if (skip === undefined || !key.startsWith(skip)) skip = (yield key) ?? skip
  }
}
