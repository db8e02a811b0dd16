// Every check on the real tree, and every check on a tree with its fault planted: a check that cannot fail is a defect.

import { describe, expect, it } from 'vitest'
import { checkTestMirror, checkTestNames, checkTopLevel } from './layout.ts'
import { checkFileSizes, checkFolderSizes, checkMedianSize } from './sizes.ts'
import { readProject, type Check, type FileMap } from './source-tree.ts'
import { checkCircles, checkTiers } from './tiers.ts'
import { checkExportedNames, checkFileNames, checkFileProse, checkFolderProse } from './words.ts'

interface Rule {
  readonly says: string
  readonly check: Check
  /** Files that break the rule, laid over a sound tree. */
  readonly planted: readonly Readonly<Record<string, string>>[]
}

const head = '// What this is.\n'
const explained = '// What\n// this\n// folder\n// is\n// for.\n'
const sound: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'src/index.ts': `${head}export { one } from './base/one.ts'\n`,
  'src/base/one.ts': `${explained}export const one = 1\n`,
  'src/store/store.ts': `${explained}import { one } from '../base/one.ts'\nexport const two = one\n`,
  'src/store/memory.ts': `${head}import type { x } from './store.ts'\n`,
  'src/volume/volume.ts': `import { two } from '../store/store.ts'\n\n${explained}export const three = two\n`,
  'test/store/memory.test.ts': `it('x', () => {})\n`,
}
const lines = (count: number): string => head + 'export const x = 1\n'.repeat(count)

const rules: readonly Rule[] = [
  {
    says: 'imports go down the tiers only',
    check: checkTiers,
    planted: [
      { 'src/base/up.ts': `import { two } from '../store/store.ts'\n` },
      { 'src/base/up.ts': `import type { two } from '../store/store.ts'\n` },
      { 'src/base/up.ts': `export function f(): import('../store/store.ts').T {}\n` },
      { 'src/format/sideways.ts': `import {\n  two,\n} from '../store/store.ts'\n` },
      { 'src/volume/nosy.ts': `import { m } from '../store/memory.ts'\n` },
      { 'src/base/entry.ts': `import { one } from '../index.ts'\n` },
      { 'src/base/lost.ts': `import { gone } from './gone.ts'\n` },
      { 'src/base/out.ts': `import { t } from '../../test/store/memory.test.ts'\n` },
      { 'src/attic/old.ts': head },
    ],
  },
  {
    says: 'no circles of imports',
    check: checkCircles,
    planted: [
      { 'src/base/a.ts': `import { b } from './b.ts'\n`, 'src/base/b.ts': `export { a } from './a.ts'\n` },
      { 'src/base/one.ts': `import { one } from './one.ts'\n` },
    ],
  },
  { says: 'no file is too long', check: checkFileSizes, planted: [{ 'src/base/long.ts': lines(400) }] },
  {
    says: 'the median file is short',
    check: checkMedianSize,
    planted: [Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`src/base/f${i}.ts`, lines(160)]))],
  },
  {
    says: 'no folder is too full',
    check: checkFolderSizes,
    planted: [Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`src/base/f${i}.ts`, head]))],
  },
  {
    says: 'file names are kebab-case and mean something',
    check: checkFileNames,
    planted: [{ 'src/base/camelCase.ts': head }, { 'src/base/path-utils.ts': head }, { 'test/base/chunk.test.ts': '' }],
  },
  {
    says: 'exported names use the house words',
    check: checkExportedNames,
    planted: [
      { 'src/base/x.ts': 'export class CacheManager {}\n' },
      { 'src/base/x.ts': 'export interface IStore {}\n' },
      { 'src/base/x.ts': 'export abstract class BaseStore {}\n' },
      { 'src/base/x.ts': 'export function readChunk() {}\n' },
    ],
  },
  {
    says: 'every file has prose at its head',
    check: checkFileProse,
    planted: [
      { 'src/base/x.ts': 'export const x = 1 // no head\n' },
      { 'src/base/x.ts': `import {\n  one,\n} from './one.ts'\n\nconst x = 1\n// late\n` },
    ],
  },
  {
    says: 'every folder is explained by one of its files',
    check: checkFolderProse,
    planted: [{ 'src/engine/engine.ts': head }],
  },
  {
    says: 'nothing else lies at the top',
    check: checkTopLevel,
    planted: [{ 'vitest.config.ts': '' }, { 'scripts/x.sh': '' }],
  },
  {
    says: 'tests mirror what they test',
    check: checkTestMirror,
    planted: [{ 'test/stores/memory.test.ts': '' }],
  },
  {
    says: 'files that hold tests are named as tests',
    check: checkTestNames,
    planted: [{ 'test/store/forgotten.ts': `describe('x', () => {})\n` }],
  },
]

function treeOf(...layers: readonly Readonly<Record<string, string>>[]): FileMap {
  return new Map(layers.flatMap((layer) => Object.entries(layer)))
}

describe('the tree', () => {
  const project = readProject()
  for (const rule of rules)
    it(rule.says, () => {
      expect(rule.check(project)).toEqual([])
    })
})

describe('the checks', () => {
  for (const rule of rules) {
    it(`pass a sound tree: ${rule.says}`, () => {
      expect(rule.check(treeOf(sound))).toEqual([])
    })
    for (const [index, fault] of rule.planted.entries())
      it(`find planted fault ${index + 1}: ${rule.says}`, () => {
        expect(rule.check(treeOf(sound, fault))).toHaveLength(1)
      })
  }
})
