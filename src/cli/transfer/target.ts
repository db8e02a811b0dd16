// Where the files of `cp` and `mv` go, as coreutils decide it: into the target where it is a directory (or ends in a
// slash, or there are several sources), else exactly there. As `aws s3` and `rclone` do, and unlike coreutils, missing
// directories on the way are made.

import type { Attributes } from '../../volume/types.ts'
import { UsageError } from '../command.ts'
import { codeOf } from '../places/file-calls.ts'
import { below, lastName, parentOf, type Place } from '../places/places.ts'

/** The place of each source, by its last name or exactly `target`. */
export async function targetsOf(sources: readonly Place[], target: Place): Promise<readonly Place[]> {
  const there = await statMaybe(target)
  const into = there?.type === 'directory' || target.path.endsWith('/')
  if (!into && sources.length > 1) {
    if (there) throw Object.assign(new Error(`target '${target.shown}'`), { code: 'ENOTDIR' })
    throw new UsageError(`target '${target.shown}' is not there; end it with '/' to make it a directory`)
  }
  const folder = into ? target : parentOf(target)
  if (!(into && there)) await folder.calls.mkdir(folder.caller, folder.path, 0o777, true)
  if (!into) return [target]
  return sources.map((source) => {
    const name = lastName(source)
    return name === '' || name === '..' ? target : below(target, name)
  })
}

export async function statMaybe(place: Place, followLast = true): Promise<Attributes | undefined> {
  try {
    return await place.calls.stat(place.caller, place.path, followLast)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
