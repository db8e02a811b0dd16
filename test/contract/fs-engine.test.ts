// The door over the whole engine: a volume in memory, in its worker. Argument checks and the three forms of each call are
// the door's alone and compared in fs-nodefs.test.ts; here each case runs in one form. What a volume promises otherwise
// than a local disk is left out by name, each with its reason.

import { openVolume } from '../../src/index.ts'
import { useTestHome } from '../support/engine-home.ts'
import { descriptorCases } from './fs-cases-descriptors.ts'
import { cpCases, fileCases, globCases } from './fs-cases-files.ts'
import { handleCases } from './fs-cases-handles.ts'
import { nameCases } from './fs-cases-names.ts'
import { streamCases } from './fs-cases-streams.ts'
import { watchCases } from './fs-cases-watch.ts'
import { callCases, compareWithNode } from './fs-compare.ts'
import type { Exception, Subject } from './fs-compare.ts'

useTestHome()

const overEngine = async (): Promise<Subject> => {
  const volume = await openVolume('memory:', { durability: 'memory' })
  volume.fs.mkdirSync('/tmp')
  return { fs: volume.fs, root: volume.fs.mkdtempSync('/tmp/fs-subject-'), close: () => volume.close() }
}

const exceptions: readonly Exception[] = [
  { titles: /^(promises\.)?link(Sync| callback)?\(/, why: 'hard links are EPERM until the mount' },
  {
    titles: /^(promises\.)?copyFile(Sync| callback)?\('dir', 'file'\)/,
    why: 'a directory is refused before the destination is truncated',
  },
  {
    titles: /copyFile(Sync| callback)?\('(dir|empty|dirlink)', '.*', 1\)/,
    why: 'the source is looked at before the destination',
  },
]

compareWithNode('engine: names and attributes', overEngine, callCases(nameCases, 'rotating'), exceptions)
compareWithNode('engine: whole files and listings', overEngine, callCases(fileCases, 'rotating'))
compareWithNode('engine: cp', overEngine, callCases(cpCases, 'rotating'))
compareWithNode('engine: glob', overEngine, globCases)
compareWithNode('engine: descriptors', overEngine, descriptorCases)
compareWithNode('engine: streams', overEngine, streamCases)
compareWithNode('engine: handles and directories', overEngine, handleCases)
compareWithNode('engine: watching', overEngine, watchCases)
