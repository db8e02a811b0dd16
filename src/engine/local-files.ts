// LocalFiles over node:fs: one flat folder, for journal, spool and disk cache. Private to the user (0700, 0600), and
// nothing in it is followed if it is a symlink: what lies there is trusted at replay.

import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { LocalFile, LocalFiles } from '../volume/local-files.ts'

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants

/** Makes the folder (its parents too) if it is missing. Node's errors as they come. */
export async function openLocalFiles(folder: string): Promise<LocalFiles> {
  await makeFolder(folder)
  await syncFolder(folder)
  return {
    async open(name) {
      return new NodeLocalFile(await open(inside(folder, name), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600))
    },
    async list() {
      const entries = await readdir(folder, { withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .toSorted()
    },
    async remove(name) {
      try {
        await unlink(inside(folder, name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    },
    rename: (from, to) => rename(inside(folder, from), inside(folder, to)),
    syncNames: () => syncFolder(folder),
  }
}

/** With its parents, private to the user. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    // Node's recursive form says ENOENT where the real reason is another, EROFS for one: the first step that fails tells.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await makeStepByStep(folder)
  }
}

async function makeStepByStep(folder: string): Promise<void> {
  const names = folder.split('/')
  for (let count = 2; count <= names.length; count++) {
    try {
      await mkdir(names.slice(0, count).join('/'), { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

class NodeLocalFile implements LocalFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled === length ? bytes : bytes.subarray(0, filled)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.byteLength) {
      const { bytesWritten } = await this.#handle.write(bytes, written, bytes.byteLength - written, offset + written)
      written += bytesWritten
    }
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function inside(folder: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
    throw new RangeError(`${JSON.stringify(name)} is no file name`)
  return `${folder}/${name}`
}
