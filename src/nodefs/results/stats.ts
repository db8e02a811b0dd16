// Stats, BigIntStats and StatFs as the running Node makes them: its own prototypes, so that `instanceof` holds, and the
// same own properties in the same order. `new fs.Stats()` is deprecated and changed meaning in Node 26, hence not used.
//
// The folder: what calls give back that is no plain value. Nothing here knows the volume's calls, only their results.

import nodeFs from 'node:fs'
import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from 'node:fs'
import type { Attributes, StatFs } from '../../volume/types.ts'

/** Preferred I/O size shown; a page. */
const blksize = 4096
/** `st_blocks` counts these. */
const sectorBytes = 512

/** Node 22 and later derive Date properties from the *Ms ones on the prototype; Node 20 has own ones. */
const ownDates = !Object.hasOwn(nodeFs.Stats.prototype, 'atime')

/** Fills a Stats in one go: a constructor gives every result one hidden class. */
interface StatsShape {
  new (attributes: Attributes, dev: number): Stats
}

const NumberStats = function (this: Record<string, unknown>, attributes: Attributes, dev: number): void {
  const { size, atimeNs, mtimeNs, ctimeNs, birthtimeNs } = attributes
  this['dev'] = dev
  this['mode'] = attributes.mode
  this['nlink'] = attributes.nlink
  this['uid'] = attributes.uid
  this['gid'] = attributes.gid
  this['rdev'] = attributes.rdev
  this['blksize'] = blksize
  this['ino'] = attributes.ino
  this['size'] = size
  this['blocks'] = Math.ceil(size / sectorBytes)
  const mtimeMs = msOfNs(mtimeNs)
  const atimeMs = atimeNs === mtimeNs ? mtimeMs : msOfNs(atimeNs)
  const ctimeMs = ctimeNs === mtimeNs ? mtimeMs : msOfNs(ctimeNs)
  const birthtimeMs = birthtimeNs === mtimeNs ? mtimeMs : msOfNs(birthtimeNs)
  this['atimeMs'] = atimeMs
  this['mtimeMs'] = mtimeMs
  this['ctimeMs'] = ctimeMs
  this['birthtimeMs'] = birthtimeMs
  if (ownDates) {
    this['atime'] = dateOfMs(atimeMs)
    this['mtime'] = dateOfMs(mtimeMs)
    this['ctime'] = dateOfMs(ctimeMs)
    this['birthtime'] = dateOfMs(birthtimeMs)
  }
} as unknown as StatsShape
NumberStats.prototype = nodeFs.Stats.prototype

const bigIntStatsPrototype = Object.getPrototypeOf(nodeFs.statSync('/', { bigint: true })) as object
const statFsPrototype = Object.getPrototypeOf(nodeFs.statfsSync('/')) as object
const showsFragmentSize = Object.hasOwn(nodeFs.statfsSync('/'), 'frsize')

export function makeStats(attributes: Attributes, dev: number): Stats {
  return new NumberStats(attributes, dev)
}

function makeBigIntStats(attributes: Attributes, dev: number): BigIntStats {
  const { size, atimeNs, mtimeNs, ctimeNs, birthtimeNs } = attributes
  const stats = Object.create(bigIntStatsPrototype) as Record<string, unknown>
  Object.assign(stats, {
    dev: BigInt(dev),
    mode: BigInt(attributes.mode),
    nlink: BigInt(attributes.nlink),
    uid: BigInt(attributes.uid),
    gid: BigInt(attributes.gid),
    rdev: BigInt(attributes.rdev),
    blksize: BigInt(blksize),
    ino: BigInt(attributes.ino),
    size: BigInt(size),
    blocks: BigInt(Math.ceil(size / sectorBytes)),
    atimeMs: atimeNs / 1_000_000n,
    mtimeMs: mtimeNs / 1_000_000n,
    ctimeMs: ctimeNs / 1_000_000n,
    birthtimeMs: birthtimeNs / 1_000_000n,
    atimeNs,
    mtimeNs,
    ctimeNs,
    birthtimeNs,
  })
  if (ownDates)
    for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) stats[name] = dateOfMs(Number(stats[`${name}Ms`]))
  return stats as unknown as BigIntStats
}

/** Stats or BigIntStats, as asked. */
export function shapeStats(attributes: Attributes, dev: number, bigint: unknown): Stats | BigIntStats {
  return bigint ? makeBigIntStats(attributes, dev) : makeStats(attributes, dev)
}

export function shapeStatFs(info: StatFs, bigint: unknown): StatsFs | BigIntStatsFs {
  const numbers: Record<string, number> = {
    type: info.type,
    bsize: info.blockBytes,
    ...(showsFragmentSize ? { frsize: info.blockBytes } : {}),
    blocks: info.blocks,
    bfree: info.blocksFree,
    bavail: info.blocksAvailable,
    files: info.files,
    ffree: info.filesFree,
  }
  const result = Object.create(statFsPrototype) as Record<string, unknown>
  for (const [name, value] of Object.entries(numbers)) result[name] = bigint ? BigInt(value) : value
  return result as unknown as StatsFs
}

/** What watchFile shows for a file that is not there. */
export const noAttributes: Attributes = {
  ino: 0,
  type: 'file',
  mode: 0,
  nlink: 0,
  uid: 0,
  gid: 0,
  rdev: 0,
  size: 0,
  atimeNs: 0n,
  mtimeNs: 0n,
  ctimeNs: 0n,
  birthtimeNs: 0n,
}

const wide = new BigInt64Array(1)
const halves = new Int32Array(wide.buffer)

/**
 * Milliseconds as Node computes them from (seconds, nanoseconds), so that both show the same double. The remainder is
 * taken modulo 2^32 on the low half: exact, and free of BigInt division on the hottest path.
 */
function msOfNs(ns: bigint): number {
  wide[0] = ns
  const low = halves[0] as number
  let seconds = Math.floor(((halves[1] as number) * 2 ** 32 + (low >>> 0)) / 1e9)
  let rest = (low - Math.imul(seconds | 0, 1_000_000_000)) | 0
  if (rest < 0) {
    seconds--
    rest += 1_000_000_000
  } else if (rest >= 1_000_000_000) {
    seconds++
    rest -= 1_000_000_000
  }
  return seconds * 1000 + rest / 1e6
}

function dateOfMs(ms: number): Date {
  return new Date(Math.round(ms))
}
