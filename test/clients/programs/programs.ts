// Every program, in the order of the issue that asked for them.

import { gitProgram } from './git.ts'
import { globsProgram } from './globs.ts'
import { lockfileProgram } from './lockfile.ts'
import type { Program } from './program.ts'
import { rollupProgram } from './rollup.ts'
import { servingProgram } from './serving.ts'
import { tarProgram } from './tar.ts'
import { typescriptProgram } from './typescript.ts'
import { webpackProgram } from './webpack.ts'

export const programs: readonly Program[] = [
  gitProgram,
  webpackProgram,
  rollupProgram,
  typescriptProgram,
  globsProgram,
  tarProgram,
  servingProgram,
  lockfileProgram,
]
