// Where a key lives in a directory.
//
// `plain`: the key is the relative path, so that others see ordinary files. `aside`: for keys that are no path (`a//b`,
// `dir/`, `.`), and for keys whose plain place is taken (`a` beside `a/b`): a tree of its own under the area, each
// folder named `+segment` and each object `=segment`, so that an empty segment, a dot, or `a` beside `a/` are names
// like any other. `long`: a key with a segment too long for a file name: by hash, its sidecar knows the key.

import { createHash } from 'node:crypto'

/** The store's own folder; no key is plain in it, and none of it is listed. */
export const areaName = '.bucketfs-store'

const nameBytesMax = 255

export interface TreeRoots {
  readonly plain: string
  readonly aside: string
  readonly long: string
}

export function rootsOf(root: string): TreeRoots {
  return { plain: root, aside: `${root}/${areaName}/aside`, long: `${root}/${areaName}/long` }
}

export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** The path of `key` as an ordinary file, or undefined when it cannot be one. */
export function plainPath(roots: TreeRoots, key: string): string | undefined {
  return isPlain(key) ? `${roots.plain}/${key}` : undefined
}

export function asidePath(roots: TreeRoots, key: string): string {
  const segments = key.split('/')
  const last = segments.pop() as string
  const names = [...segments.map((segment) => `+${escape(segment)}`), `=${escape(last)}`]
  if (names.some((name) => Buffer.byteLength(name) > nameBytesMax)) return `${roots.long}/${hashKey(key)}`
  return `${roots.aside}/${names.join('/')}`
}

/** Whether `key`, or with a trailing slash the folder of that name, is an ordinary path. */
function isPlain(key: string): boolean {
  if (key.includes('\0')) return false
  const segments = key.split('/')
  if (segments[0] === areaName) return false
  return segments.every(
    (segment) =>
      segment !== '' &&
      segment !== '.' &&
      segment !== '..' &&
      (segment.length <= nameBytesMax / 3 || Buffer.byteLength(segment) <= nameBytesMax),
  )
}

/** One folder scheme, as the walk needs it. */
export interface TreeScheme {
  readonly root: string
  /** The folder of the keys that start with `base` ('' or ending in '/'), or undefined when there can be none. */
  folderOf(base: string): string | undefined
  /** The segment a name stands for, or undefined when it is none of ours. */
  segmentOf(name: string, folder: boolean, base: string): string | undefined
}

export function plainScheme(roots: TreeRoots): TreeScheme {
  return {
    root: roots.plain,
    folderOf: (base) => (base === '' ? roots.plain : plainPath(roots, base.slice(0, -1))),
    segmentOf: (name, _folder, base) => (base === '' && name === areaName ? undefined : name),
  }
}

export function asideScheme(roots: TreeRoots): TreeScheme {
  return {
    root: roots.aside,
    folderOf: (base) =>
      [
        roots.aside,
        ...base
          .split('/')
          .slice(0, -1)
          .map((segment) => `+${escape(segment)}`),
      ].join('/'),
    segmentOf: (name, folder) => (name.startsWith(folder ? '+' : '=') ? unescape(name.slice(1)) : undefined),
  }
}

function escape(segment: string): string {
  return segment.replaceAll('%', '%25').replaceAll('\0', '%00')
}

function unescape(name: string): string {
  return name.replaceAll('%00', '\0').replaceAll('%25', '%')
}
