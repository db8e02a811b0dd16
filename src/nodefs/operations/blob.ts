// openAsBlob: the file as it is now, as a Blob. Its bytes live outside the JavaScript heap; files over 2 GiB are refused.

import { Blob } from 'node:buffer'
import type { Door } from '../door.ts'
import { checkObject, checkString } from '../validate/values.ts'
import { readFile } from './whole-file.ts'

/** Validates at the call, as Node does; reading fails by rejection. */
export function openAsBlob(door: Door, path: unknown, value: unknown): Promise<Blob> {
  const options = value === undefined ? {} : checkObject(value, 'options')
  const type = checkString(options['type'] || '', 'options.type')
  const task = readFile(door, [door.path(path).path])
  return door.runAsync(task).then((contents) => new Blob([contents], { type }))
}
