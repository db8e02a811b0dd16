// The linter's configuration on planted faults: a rule that never fires is no rule.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from './source-tree.ts'

interface Plant {
  readonly rule: string
  readonly path: string
  readonly text: string
}

const long = (count: number): string => '  void 0\n'.repeat(count)
const plants: readonly Plant[] = [
  { rule: 'no-restricted-imports', path: 'src/base/up.ts', text: `export { x } from '../store/store.ts'\n` },
  { rule: 'no-restricted-imports', path: 'src/store/sideways.ts', text: `export { x } from '../format/key.ts'\n` },
  {
    rule: 'no-restricted-imports',
    path: 'src/volume/tree/deep.ts',
    text: `export { x } from '../../engine/open.ts'\n`,
  },
  { rule: 'no-restricted-imports', path: 'src/volume/nosy.ts', text: `export { x } from '../store/memory.ts'\n` },
  { rule: 'no-restricted-imports', path: 'src/nodefs/sideways.ts', text: `export { x } from '../s3-endpoint/a.ts'\n` },
  { rule: 'no-restricted-imports', path: 'src/base/files.ts', text: `import fs from 'node:fs'\nfs.readdirSync('.')\n` },
  { rule: 'no-restricted-imports', path: 'src/store/with-dice.ts', text: `export { randomUUID } from 'node:crypto'\n` },
  { rule: 'no-restricted-globals', path: 'src/base/now.ts', text: `export const now = (): number => Date.now()\n` },
  { rule: 'no-restricted-globals', path: 'src/format/now.ts', text: `export const t = performance.now()\n` },
  { rule: 'no-restricted-globals', path: 'src/volume/later.ts', text: `setTimeout(() => {}, 1)\n` },
  { rule: 'no-restricted-globals', path: 'src/store/with-now.ts', text: `export const now = (): Date => new Date()\n` },
  { rule: 'no-restricted-properties', path: 'src/volume/dice.ts', text: `export const dice = Math.random()\n` },
  { rule: 'no-floating-promises', path: 'src/engine/a.ts', text: `async function f(): Promise<void> {}\nf()\n` },
  { rule: 'max-lines-per-function', path: 'src/engine/b.ts', text: `export function f(): void {\n${long(70)}}\n` },
  { rule: 'max-lines', path: 'src/engine/c.ts', text: 'export {}\n' + long(400) },
  { rule: 'no-cycle', path: 'src/engine/d.ts', text: `import { d } from './d.ts'\nexport const e = d\n` },
  { rule: 'no-default-export', path: 'src/engine/e.ts', text: `const a = 1\nexport default a\n` },
  { rule: 'no-empty', path: 'src/engine/f.ts', text: `try {\n  void 0\n} catch {}\n` },
  { rule: 'no-explicit-any', path: 'src/engine/g.ts', text: `export const x: any = 1\n` },
  { rule: 'explicit-module-boundary-types', path: 'src/engine/h.ts', text: `export const f = () => 1\n` },
]

interface Diagnostic {
  readonly code: string
  readonly filename: string
}

/** Lints the plants as a project with our configuration; null when the linter itself failed. */
function lint(folder: string): readonly Diagnostic[] {
  const oxlint = join(projectRoot, 'node_modules/.bin/oxlint')
  const args = ['--type-aware', '--tsconfig', 'tsconfig.json', '--format', 'json', 'src']
  const run = spawnSync(oxlint, args, { cwd: folder, encoding: 'utf8' })
  return (JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }).diagnostics
}

describe('lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-lint-'))
  let found: readonly Diagnostic[] = []
  beforeAll(() => {
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      copyFileSync(join(projectRoot, name), join(folder, name))
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
    for (const { path, text } of plants) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    writeFileSync(join(folder, 'src/engine/sound.ts'), `export const sound = (): number => 1\n`)
    found = lint(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  for (const { rule, path } of plants)
    it(`finds ${rule} in ${path}`, () => {
      const rules = found.filter(({ filename }) => filename === path).map(({ code }) => code.replace(/^.*\(|\)$/g, ''))
      expect(rules).toContain(rule)
    })

  it('finds nothing in a sound file', () => {
    expect(found.filter(({ filename }) => filename === 'src/engine/sound.ts')).toEqual([])
  })
})
