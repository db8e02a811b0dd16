// Whether one path lies below another, by text alone: what cp asks before it copies into itself.

import { posix } from 'node:path'

/** True also for the same path. */
export function isInside(base: string, path: string): boolean {
  const parts = posix.resolve('/', base).split('/').filter(Boolean)
  const others = posix.resolve('/', path).split('/').filter(Boolean)
  return parts.every((part, index) => others[index] === part)
}
