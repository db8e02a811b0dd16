// Every suite, in the order of docs/BENCHMARKS.md.

import { largeFile } from './large-file.ts'
import { smallFiles } from './small-files.ts'
import { smallGets } from './small-gets.ts'
import type { Suite } from './suite.ts'
import { walk } from './walk.ts'
import { warmCalls } from './warm-calls.ts'

export const suites: readonly Suite[] = [warmCalls, smallGets, smallFiles, largeFile, walk]
