// Settings of a volume: plain data, one table. It generates CLI flags, environment names and the README section, and
// is the only place where a default is written. Components (store, clock, random, logger) never appear here.

import { GiB, KiB, MiB } from '../base/bytes.ts'

export type Durability = 'bucket' | 'journal' | 'memory'

export interface VolumeSettings {
  readonly durability: Durability
  readonly readOnly: boolean
  readonly permissions: 'enforce' | 'ignore'
  readonly uid: number
  readonly gid: number
  readonly foreignMetadata: 'verify' | 'ignore'
  readonly conflictCopies: 'data' | 'beside'
  readonly attributesTtlMs: number
  readonly listingTtlMs: number
  readonly negativeTtlMs: number
  readonly memoryBytesMax: number
  readonly diskCacheBytesMax: number
  readonly spoolBytesMax: number
  readonly blockBytes: number
  readonly readAheadBytesMax: number
  readonly putBytesMax: number
  readonly partBytes: number
  readonly partBytesLate: number
  readonly holeBytesMax: number
  readonly inodeCountMax: number
  readonly requestCountMax: number
  readonly writeBackDelayMs: number
  readonly writeBackConcurrency: number
  readonly indexFlushIntervalMs: number
  readonly intentAbandonedMs: number
}

export interface Setting {
  readonly name: keyof VolumeSettings
  readonly type: 'boolean' | 'integer' | 'choice'
  readonly choices?: readonly string[]
  readonly default: VolumeSettings[keyof VolumeSettings]
  readonly unit?: 'bytes' | 'ms' | 'count'
  /** What it does and why the default is what it is. */
  readonly help: string
}

export const settingsTable: readonly Setting[] = [
  {
    name: 'durability',
    type: 'choice',
    choices: ['bucket', 'journal', 'memory'],
    default: 'bucket',
    help: 'What close and name operations wait for: the bucket, the local journal, or nothing.',
  },
  { name: 'readOnly', type: 'boolean', default: false, help: 'Refuse every change with EROFS.' },
  {
    name: 'permissions',
    type: 'choice',
    choices: ['enforce', 'ignore'],
    default: 'enforce',
    help: 'Check mode bits as the kernel would for the caller, or not at all.',
  },
  {
    name: 'uid',
    type: 'integer',
    default: -1,
    help: 'Owner shown for objects that carry none; -1 is the process owner.',
  },
  {
    name: 'gid',
    type: 'integer',
    default: -1,
    help: 'Group shown for objects that carry none; -1 is the process group.',
  },
  {
    name: 'foreignMetadata',
    type: 'choice',
    choices: ['verify', 'ignore'],
    default: 'verify',
    help: "'ignore': the bucket is filled by plain uploaders, so names without an index row are plain files and need no HEAD.",
  },
  {
    name: 'conflictCopies',
    type: 'choice',
    choices: ['data', 'beside'],
    default: 'data',
    help: 'Where the local bytes of a lost race are kept: .bucketfs/data/conflicts/, or beside the file.',
  },
  {
    name: 'attributesTtlMs',
    type: 'integer',
    unit: 'ms',
    default: 1000,
    help: 'How long attributes are used without looking at the bucket again; 1 s as NFS and the kernel do.',
  },
  {
    name: 'listingTtlMs',
    type: 'integer',
    unit: 'ms',
    default: 10_000,
    help: 'How long a listing stays complete; names change more rarely than attributes.',
  },
  {
    name: 'negativeTtlMs',
    type: 'integer',
    unit: 'ms',
    default: 1000,
    help: 'How long a missing name stays missing; short, so that files of others appear soon.',
  },
  {
    name: 'memoryBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 256 * MiB,
    help: 'Most memory for clean, dirty and in-flight bytes together.',
  },
  {
    name: 'diskCacheBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 10 * GiB,
    help: 'Most disk for cached blocks, over all processes of one user on one volume; 0 turns the disk cache off.',
  },
  {
    name: 'spoolBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 20 * GiB,
    help: 'Most disk for dirty bytes that have not reached the bucket.',
  },
  {
    name: 'blockBytes',
    type: 'integer',
    unit: 'bytes',
    default: MiB,
    help: 'Cache unit; 1 MiB balances request count against waste.',
  },
  {
    name: 'readAheadBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 64 * MiB,
    help: 'Farthest a sequential reader is served ahead; a quarter of the default memory.',
  },
  {
    name: 'putBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 16 * MiB,
    help: 'Largest file written as one PUT; above it parts are cheaper than a repeated whole body.',
  },
  {
    name: 'partBytes',
    type: 'integer',
    unit: 'bytes',
    default: 8 * MiB,
    help: 'Part size of the first 1,000 parts of a streamed file.',
  },
  {
    name: 'partBytesLate',
    type: 'integer',
    unit: 'bytes',
    default: 64 * MiB,
    help: 'Part size after 1,000 parts, so that 10,000 parts reach 584 GiB.',
  },
  {
    name: 'holeBytesMax',
    type: 'integer',
    unit: 'bytes',
    default: 64 * GiB,
    help: 'Most bytes of holes in one file; beyond it EFBIG, since holes become zeros in the object.',
  },
  {
    name: 'inodeCountMax',
    type: 'integer',
    unit: 'count',
    default: 200_000,
    help: 'Most inodes kept; clean, closed ones are dropped first.',
  },
  {
    name: 'requestCountMax',
    type: 'integer',
    unit: 'count',
    default: 128,
    help: 'Ceiling of the adaptive limit on requests in flight.',
  },
  {
    name: 'writeBackDelayMs',
    type: 'integer',
    unit: 'ms',
    default: 1000,
    help: 'Pause after the last change before write-back under journal and memory, so that create, write, chmod and rename fold.',
  },
  { name: 'writeBackConcurrency', type: 'integer', unit: 'count', default: 64, help: 'Inodes written back at once.' },
  {
    name: 'indexFlushIntervalMs',
    type: 'integer',
    unit: 'ms',
    default: 10_000,
    help: 'Least time between two writes of one directory attribute index.',
  },
  {
    name: 'intentAbandonedMs',
    type: 'integer',
    unit: 'ms',
    default: 600_000,
    help: 'Server time after which a rename intent that nobody renewed is finished by whoever opens the volume.',
  },
]

/** Every setting at its default; `uid`/`gid` -1 are resolved by the composition root. */
export const defaultSettings: VolumeSettings = Object.fromEntries(
  settingsTable.map((setting) => [setting.name, setting.default]),
) as unknown as VolumeSettings

/** Smallest block: a page. Relations between limits are asserted where settings are resolved. */
const blockBytesMin: number = 4 * KiB
/** Largest block: one fill, for which the memory budget always keeps room. */
const blockBytesMax: number = 8 * MiB

/** Defaults overlaid with `options`; throws RangeError naming the setting that cannot be. */
export function resolveSettings(options: Partial<VolumeSettings>): VolumeSettings {
  const resolved: Record<string, unknown> = { ...defaultSettings }
  for (const setting of settingsTable) {
    const value = options[setting.name]
    if (value === undefined) continue
    checkSetting(setting, value)
    resolved[setting.name] = value
  }
  const settings = resolved as unknown as VolumeSettings
  if (settings.partBytes < 5 * MiB) throw new RangeError('partBytes must be at least 5 MiB (S3 refuses smaller parts)')
  if (settings.blockBytes < blockBytesMin) throw new RangeError(`blockBytes must be at least ${blockBytesMin}`)
  if (settings.blockBytes > blockBytesMax) throw new RangeError(`blockBytes must be at most ${blockBytesMax}`)
  if (settings.memoryBytesMax < 4 * settings.partBytes)
    throw new RangeError('memoryBytesMax must hold at least four parts (4 × partBytes)')
  return settings
}

function checkSetting(setting: Setting, value: unknown): void {
  if (setting.type === 'choice' && !setting.choices?.includes(value as string))
    throw new RangeError(`${setting.name} must be one of ${setting.choices?.join(', ')}, not ${JSON.stringify(value)}`)
  if (setting.type === 'boolean' && typeof value !== 'boolean')
    throw new RangeError(`${setting.name} must be true or false, not ${JSON.stringify(value)}`)
  if (setting.type === 'integer' && (!Number.isSafeInteger(value) || (value as number) < -1))
    throw new RangeError(`${setting.name} must be a whole number, not ${JSON.stringify(value)}`)
}
