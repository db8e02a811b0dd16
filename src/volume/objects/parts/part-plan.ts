import type { StoreLimits } from '../../../store/store.ts'
import type { Piece } from '../../content/extents.ts'

// Which parts a file is uploaded in: clean runs as copies of the base version, holes as copies of zeros, the rest as
// bytes, at the least number of bytes sent. Pure.
//
// What a plan keeps: parts are in order and gapless from the first to the last byte; all but the last have at least
// `partBytesMin`; none has more than `partBytesMax`, a copy at most `copyBytesMax`; at most `partCountMax` of them. A run
// too short for a part of its own is sent as bytes with its neighbours, and a short dirty run grows into the clean one
// behind it. When that makes too many parts, larger runs are taken together until they fit.

export type PartKind = 'bytes' | 'copy' | 'zero'

export interface PlannedPart {
  readonly kind: PartKind
  /** In the file; a copy comes from the same offset of the base. */
  readonly offset: number
  readonly length: number
}

export interface PlanOptions {
  readonly limits: StoreLimits
  /** Size of a part of bytes. */
  readonly partBytes: number
  /** Longest part of a hole: as much as there are zeros to copy. At least twice the shortest part. */
  readonly zeroPartBytesMax: number
  /** All parts but the last have one size. */
  readonly uniform: boolean
  /** Parts there are numbers left for. Default: the limit. */
  readonly partCountMax?: number | undefined
  /** Clean runs are sent as bytes. */
  readonly withoutCopies?: boolean | undefined
}

export type PieceShape = Pick<Piece, 'kind' | 'offset' | 'length'>

/** The parts of `pieces`, which cover one range without gaps; undefined when no plan has few enough parts. */
export function planParts(pieces: readonly PieceShape[], options: PlanOptions): readonly PlannedPart[] | undefined {
  const runs = toRuns(pieces, options.withoutCopies ? 'bytes' : 'copy')
  const first = runs[0]
  const last = runs[runs.length - 1]
  if (!first || !last) return []
  const { limits } = options
  const countMax = options.partCountMax ?? limits.partCountMax
  let partBytes = Math.max(options.partBytes, limits.partBytesMin)
  let runBytesMin = limits.partBytesMin
  while (partBytes <= limits.partBytesMax) {
    const parts = options.uniform
      ? cutUniform(runs, Math.min(partBytes, limits.copyBytesMax), options.zeroPartBytesMax)
      : cutRuns(joinShort(runs, runBytesMin, limits.partBytesMin), partBytes, options)
    if (parts.length <= countMax) return parts
    partBytes *= 2
    runBytesMin *= 2
  }
  return undefined
}

interface Run {
  readonly kind: PartKind
  readonly offset: number
  length: number
}

function toRuns(pieces: readonly PieceShape[], clean: PartKind): readonly Run[] {
  const runs: Run[] = []
  for (const { kind, offset, length } of pieces) {
    append(runs, kind === 'base' ? clean : kind === 'zero' ? 'zero' : 'bytes', offset, length)
  }
  return runs
}

function append(runs: Run[], kind: PartKind, offset: number, length: number): void {
  const last = runs[runs.length - 1]
  if (last?.kind === kind) last.length += length
  else runs.push({ kind, offset, length })
}

/** Copies and holes of less than `runBytesMin` become bytes; runs of bytes before others have at least `partBytesMin`. */
function joinShort(runs: readonly Run[], runBytesMin: number, partBytesMin: number): readonly Run[] {
  const joined: Run[] = []
  for (const [i, run] of runs.entries()) {
    const last = joined[joined.length - 1]
    let { offset, length } = run
    if (last?.kind === 'bytes' && last.length < partBytesMin) {
      const grown = Math.min(length, partBytesMin - last.length)
      last.length += grown
      offset += grown
      length -= grown
    }
    if (length === 0) continue
    // The last part may be as short as it likes, and a copy of it costs no bytes.
    const isShort = length < runBytesMin && !(run.kind === 'copy' && i === runs.length - 1)
    append(joined, isShort ? 'bytes' : run.kind, offset, length)
  }
  return joined
}

function cutRuns(runs: readonly Run[], partBytes: number, options: PlanOptions): readonly PlannedPart[] {
  const { limits, zeroPartBytesMax } = options
  const parts: PlannedPart[] = []
  for (const [i, run] of runs.entries()) {
    if (run.kind === 'bytes') cutBytes(parts, run, partBytes, limits, i === runs.length - 1)
    else {
      const most = Math.min(limits.partBytesMax, run.kind === 'copy' ? limits.copyBytesMax : zeroPartBytesMax)
      cutEvenly(parts, run, most)
    }
  }
  return parts
}

/** Full parts, and a rest that joins the one before it where it may not stand alone. */
function cutBytes(parts: PlannedPart[], run: Run, partBytes: number, limits: StoreLimits, isLast: boolean): void {
  const end = run.offset + run.length
  for (let { offset } = run; offset < end;) {
    const left = end - offset
    const rest = left - partBytes
    const joinsRest = rest > 0 && rest < limits.partBytesMin && !isLast
    if (joinsRest && left > limits.partBytesMax)
      return cutEvenly(parts, { kind: 'bytes', offset, length: left }, partBytes)
    const length = rest <= 0 || joinsRest ? left : partBytes
    parts.push({ kind: 'bytes', offset, length })
    offset += length
  }
}

/** Parts of nearly one size, so that none is too short. */
function cutEvenly(parts: PlannedPart[], run: Run, most: number): void {
  const count = Math.ceil(run.length / most)
  for (let i = 0; i < count; i++) {
    const from = Math.floor((run.length * i) / count)
    const to = Math.floor((run.length * (i + 1)) / count)
    parts.push({ kind: run.kind, offset: run.offset + from, length: to - from })
  }
}

/** Equal windows: a window that is all one run is copied, any other sent. */
function cutUniform(runs: readonly Run[], partBytes: number, zeroPartBytesMax: number): readonly PlannedPart[] {
  const parts: PlannedPart[] = []
  const end = runEnd(runs[runs.length - 1] as Run)
  let i = 0
  for (let offset = (runs[0] as Run).offset; offset < end; offset += partBytes) {
    const length = Math.min(partBytes, end - offset)
    while (runEnd(runs[i] as Run) <= offset) i++
    const run = runs[i] as Run
    const isOne = runEnd(run) >= offset + length && !(run.kind === 'zero' && length > zeroPartBytesMax)
    parts.push({ kind: isOne ? run.kind : 'bytes', offset, length })
  }
  return parts
}

function runEnd(run: Run): number {
  return run.offset + run.length
}
