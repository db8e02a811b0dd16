// cp, cpSync and promises.cp: what is asked of each path before anything is written, and the recursion. Read this first;
// `copy-entry.ts` copies one file or symlink. Entries of a directory are copied in parallel where the caller waits
// asynchronously: each is a round trip to the bucket.

import { types } from 'node:util'
import { posix } from 'node:path'
import type { Attributes } from '../../volume/types.ts'
import type { Door } from '../door.ts'
import { hasCode } from '../errors.ts'
import { forEach } from '../for-each.ts'
import { call, step } from '../task.ts'
import type { Task } from '../task.ts'
import { checksAsNode20 } from '../validate/node-version.ts'
import { showName } from '../validate/path.ts'
import type { GivenPath } from '../validate/path.ts'
import { copyFileEntry, copyLinkEntry } from './copy-entry.ts'
import type { CopyPair } from './copy-entry.ts'
import { cpError } from './cp-errors.ts'
import { cpOptions, promisedFilter } from './cp-options.ts'
import type { CpOptions } from './cp-options.ts'
import { isInside } from './inside.ts'

/** Entries of one directory copied at once. */
const parallelMax = 32

export function cp(door: Door, [src, dest, value]: readonly unknown[]): Task<void> {
  const options = cpOptions(value)
  const from = door.path(src, 'src')
  const to = door.path(dest, 'dest')
  return copyTop(door, from, to, options)
}

function* copyTop(door: Door, source: GivenPath, dest: GivenPath, options: CpOptions): Task<void> {
  const pair = yield* inspect(door, source, dest, options)
  if (pair === undefined) return
  yield* refuseOwnParent(door, pair)
  const parent = posix.dirname(dest.path)
  if ((yield* attributesOf(door, parent, 'stat', true)) === undefined)
    yield* call({ syscall: 'mkdir', path: posix.dirname(dest.given) }, 'mkdir', door.caller(), parent, 0o777, true)
  yield* copyPair(door, pair, options)
}

/** The filter's word and the first checks; undefined when filtered out. */
function* inspect(door: Door, source: GivenPath, dest: GivenPath, options: CpOptions): Task<CopyPair | undefined> {
  if (options.filter && !(yield* askFilter(options.filter, source.given, dest.given))) return undefined
  const syscall = options.dereference ? 'stat' : 'lstat'
  const where = { syscall, path: source.given }
  const sourceIs = yield* call(where, 'stat', door.caller(), source.path, options.dereference)
  const destIs = yield* attributesOf(door, dest.path, syscall, options.dereference, dest.given)
  if (destIs) refuseMismatch(source, dest, sourceIs, destIs)
  if (sourceIs.type === 'directory' && isInside(source.path, dest.path))
    throw cpError('ERR_FS_CP_EINVAL', `cannot copy ${source.given} to a subdirectory of self ${dest.given}`, dest.given)
  return { source, dest, sourceIs, destIs }
}

function refuseMismatch(source: GivenPath, dest: GivenPath, sourceIs: Attributes, destIs: Attributes): void {
  if (sourceIs.ino === destIs.ino) throw cpError('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', dest.given)
  const fromDirectory = sourceIs.type === 'directory'
  const toDirectory = destIs.type === 'directory'
  if (fromDirectory && !toDirectory)
    throw cpError(
      'ERR_FS_CP_DIR_TO_NON_DIR',
      `cannot overwrite non-directory ${dest.given} with directory ${source.given}`,
      dest.given,
    )
  if (!fromDirectory && toDirectory)
    throw cpError(
      'ERR_FS_CP_NON_DIR_TO_DIR',
      `cannot overwrite directory ${dest.given} with non-directory ${source.given}`,
      dest.given,
    )
}

/** A destination below the source by another way (through a symlink) is found by inode. */
function* refuseOwnParent(door: Door, { source, dest, sourceIs }: CopyPair): Task<void> {
  const stop = posix.dirname(posix.resolve('/', source.path))
  let parent = posix.dirname(posix.resolve('/', dest.path))
  while (parent !== stop && parent !== '/') {
    const is = yield* attributesOf(door, parent, 'stat', true)
    if (is === undefined) return
    if (is.ino === sourceIs.ino)
      throw cpError(
        'ERR_FS_CP_EINVAL',
        `cannot copy ${source.given} to a subdirectory of self ${dest.given}`,
        dest.given,
      )
    parent = posix.dirname(parent)
  }
}

function* copyPair(door: Door, pair: CopyPair, options: CpOptions): Task<void> {
  const { source, dest, sourceIs } = pair
  switch (sourceIs.type) {
    case 'directory':
      if (!options.recursive)
        throw cpError('ERR_FS_EISDIR', `${source.given} is a directory (not copied)`, source.given)
      return yield* copyDirectory(door, pair, options)
    case 'file':
    case 'character':
    case 'block':
      return yield* copyFileEntry(door, pair, options)
    case 'symlink':
      return yield* copyLinkEntry(door, pair, options)
    case 'socket':
      throw cpError('ERR_FS_CP_SOCKET', `cannot copy a socket file: ${dest.given}`, dest.given)
    case 'fifo':
      throw cpError('ERR_FS_CP_FIFO_PIPE', `cannot copy a FIFO pipe: ${dest.given}`, dest.given)
  }
}

function* copyDirectory(door: Door, { source, dest, sourceIs, destIs }: CopyPair, options: CpOptions): Task<void> {
  const caller = door.caller()
  if (destIs === undefined)
    yield* call({ syscall: 'mkdir', path: dest.given }, 'mkdir', caller, dest.path, 0o777, false)
  else if (options.errorOnExist && !options.force && !checksAsNode20)
    throw cpError('ERR_FS_CP_EEXIST', `${dest.given} already exists`, dest.given)
  const entries = yield* call({ syscall: 'opendir', path: source.given }, 'readdir', caller, source.path)
  yield* forEach(door, entries, parallelMax, function* ({ name }) {
    const pair = yield* inspect(door, below(source, name), below(dest, name), options)
    if (pair) yield* copyPair(door, pair, options)
  })
  if (destIs === undefined) {
    const mode = sourceIs.mode & 0o7777
    if (mode !== (0o777 & ~caller.umask))
      yield* call({ syscall: 'chmod', path: dest.given }, 'setAttributes', caller, dest.path, { mode }, true)
  }
}

function* askFilter(filter: (source: string, dest: string) => unknown, source: string, dest: string): Task<boolean> {
  return yield* step(
    () => {
      const answer = filter(source, dest)
      if (types.isPromise(answer)) throw promisedFilter(answer)
      return Boolean(answer)
    },
    async () => Boolean(await filter(source, dest)),
  )
}

function* attributesOf(
  door: Door,
  path: string,
  syscall: string,
  follow: boolean,
  given: string = path,
): Task<Attributes | undefined> {
  try {
    return yield* call({ syscall, path: given }, 'stat', door.caller(), path, follow)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function below({ given, path }: GivenPath, name: string): GivenPath {
  return { given: posix.join(given, showName(name)), path: path.endsWith('/') ? path + name : `${path}/${name}` }
}
