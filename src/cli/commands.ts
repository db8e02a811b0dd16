// The table of commands. Each is one file; this is the order of `bucketfs --help`.

import type { Command } from './command.ts'
import { cat } from './commands/cat.ts'
import { cp } from './commands/cp.ts'
import { doctor } from './commands/doctor.ts'
import { du } from './commands/du.ts'
import { find } from './commands/find.ts'
import { ls } from './commands/ls.ts'
import { mv } from './commands/mv.ts'
import { rm } from './commands/rm.ts'
import { s3 } from './commands/s3.ts'
import { settings } from './commands/settings.ts'
import { stat } from './commands/stat.ts'
import { tree } from './commands/tree.ts'

export const commands: readonly Command[] = [ls, cat, cp, mv, rm, stat, tree, du, find, s3, doctor, settings]
