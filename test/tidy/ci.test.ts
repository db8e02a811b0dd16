// What CI counts: a failure, a skip nobody made up for, a run that died. A CI that cannot fail is a defect as well.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { projectRoot } from './source-tree.ts'

const folder = mkdtempSync(join(tmpdir(), 'bucketfs-ci-'))
let count = 0

/** A report of one file with tests of these names and states. */
function report(tests: Readonly<Record<string, 'passed' | 'failed' | 'skipped'>>, status = 'passed'): string {
  const path = join(folder, `${count++}.json`)
  const assertionResults = Object.entries(tests).map(([fullName, state]) => ({ fullName, status: state }))
  writeFileSync(
    path,
    JSON.stringify({ testResults: [{ name: 'a.test.ts', status, message: 'broken', assertionResults }] }),
  )
  return path
}

function counted(...args: readonly string[]): string {
  const output = execFileSync(process.execPath, [join(projectRoot, '.ci/count.mjs'), ...args], { encoding: 'utf8' })
  return output.trim().split('\n').at(-1) as string
}

describe('the count of CI', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('adds up what passed and what failed', () => {
    expect(counted('report', report({ a: 'passed', b: 'passed', c: 'failed' }), '1')).toBe('counted 2 1')
  })

  it('finds a file that could not be loaded', () => {
    expect(counted('report', report({}, 'failed'), '1')).toBe('counted 0 1')
  })

  it('finds a run that left no report', () => {
    expect(counted('report', join(folder, 'none.json'), '0')).toBe('counted 0 1')
  })

  it('finds a run without tests', () => {
    expect(counted('report', report({}), '0')).toBe('counted 0 1')
  })

  it('finds a run that failed although every test passed', () => {
    expect(counted('report', report({ a: 'passed' }), '1')).toBe('counted 1 1')
  })

  it('finds a test that was skipped in every run', () => {
    expect(counted('skips', report({ a: 'skipped', b: 'passed' }), report({ a: 'skipped' }))).toBe('counted 0 1')
  })

  it('lets a test be skipped in one run that another has run', () => {
    expect(counted('skips', report({ a: 'skipped' }), report({ a: 'passed' }))).toBe('counted 0 0')
  })
})
