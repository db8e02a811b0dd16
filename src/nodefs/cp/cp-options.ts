// The options of cp.

import { nodeError } from '../validate/node-error.ts'
import { checkBoolean, checkFunction, checkInteger, checkObject } from '../validate/values.ts'

export interface CpOptions {
  readonly dereference: boolean
  readonly errorOnExist: boolean
  readonly filter: ((source: string, destination: string) => unknown) | undefined
  readonly force: boolean
  readonly preserveTimestamps: boolean
  readonly recursive: boolean
  readonly verbatimSymlinks: boolean
  /** Fail where the destination is there: COPYFILE_EXCL of `mode`. */
  readonly exclusive: boolean
}

const modeMax = 7
const exclusiveBit = 1

export function cpOptions(value: unknown): CpOptions {
  const given = value === undefined ? {} : checkObject(value, 'options')
  const flag = (name: string, fallback = false): boolean =>
    checkBoolean(name in given ? given[name] : fallback, `options.${name}`)
  const dereference = flag('dereference')
  const errorOnExist = flag('errorOnExist')
  const force = flag('force', true)
  const preserveTimestamps = flag('preserveTimestamps')
  const recursive = flag('recursive')
  const verbatimSymlinks = flag('verbatimSymlinks')
  const { mode, filter } = given
  const bits = mode === undefined || mode === null ? 0 : checkInteger(mode, 'mode', 0, modeMax)
  if (dereference && verbatimSymlinks)
    throw nodeError(
      TypeError,
      'ERR_INCOMPATIBLE_OPTION_PAIR',
      'Option "dereference" cannot be used in combination with option "verbatimSymlinks"',
    )
  if (filter !== undefined) checkFunction(filter, 'options.filter')
  return {
    dereference,
    errorOnExist,
    filter: filter as CpOptions['filter'],
    force,
    preserveTimestamps,
    recursive,
    verbatimSymlinks,
    exclusive: (bits & exclusiveBit) !== 0,
  }
}

/** A filter of cpSync gave a promise. */
export function promisedFilter(value: unknown): Error {
  const made = (value as object).constructor.name
  return nodeError(
    TypeError,
    'ERR_INVALID_RETURN_VALUE',
    `Expected boolean to be returned from the "filter" function but got an instance of ${made}.`,
  )
}
