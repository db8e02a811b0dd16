// Directory entries as Node's own Dirent class.

import nodeFs from 'node:fs'
import type { Dirent } from 'node:fs'
import type { FileType } from '../../volume/types.ts'

/** libuv's entry types; the declarations of node:fs leave them out. */
const uv = nodeFs.constants as unknown as Readonly<Record<`UV_DIRENT_${string}`, number>>

const codes: Readonly<Record<FileType, number | undefined>> = {
  file: uv.UV_DIRENT_FILE,
  directory: uv.UV_DIRENT_DIR,
  symlink: uv.UV_DIRENT_LINK,
  fifo: uv.UV_DIRENT_FIFO,
  socket: uv.UV_DIRENT_SOCKET,
  character: uv.UV_DIRENT_CHAR,
  block: uv.UV_DIRENT_BLOCK,
}

interface DirentShape {
  new (name: string | Buffer, type: number, parentPath: string | Buffer): Dirent
}

const NodeDirent = nodeFs.Dirent as unknown as DirentShape

/** `parentPath` is the directory as the caller wrote it. */
export function makeDirent(name: string | Buffer, type: FileType, parentPath: string | Buffer): Dirent {
  return new NodeDirent(name, codes[type] as number, parentPath)
}
