// README's examples, as a reader would type them: compiled against the package's types and run with the built package.
// What a reader replaces by his own (bucket, region, place of a directory) is replaced here by a served bucket.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'
import { projectRoot } from './source-tree.ts'

const run = promisify(execFile)

interface Example {
  readonly title: string
  readonly text: string
}

/** Fenced blocks of one language, each by the heading it stands under. */
function examplesOf(markdown: string, language: string): Example[] {
  let title = ''
  const examples: Example[] = []
  for (const match of markdown.matchAll(/^## (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    if (match[1]) title = match[1]
    else if (match[2] === language) examples.push({ title, text: match[3] as string })
  }
  return examples
}

const readme = readFileSync(`${projectRoot}README.md`, 'utf8')

describe('README', () => {
  let served: ServedBucket
  let folder: string
  beforeAll(async () => {
    mkdirSync(join(projectRoot, '.tmp'), { recursive: true })
    folder = mkdtempSync(join(projectRoot, '.tmp/readme-'))
    served = await serveBucket()
  })
  afterAll(async () => {
    await (served as ServedBucket | undefined)?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has examples of every part of the surface', () => {
    const all = examplesOf(readme, 'ts')
      .map(({ text }) => text)
      .join('\n')
    for (const word of [
      "from 'bucketfs'",
      "from 'bucketfs/fs'",
      "from 'bucketfs/fs/promises'",
      'durability',
      'metrics()',
    ])
      expect(all).toContain(word)
  })

  it('has examples that compile', async () => {
    const examples = examplesOf(readme, 'ts')
    for (const [index, { text }] of examples.entries()) writeFileSync(join(folder, `example-${index}.mts`), text)
    const compilerOptions = {
      noEmit: true,
      rootDir: '.',
      types: ['node'],
      skipLibCheck: true,
      allowImportingTsExtensions: true,
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.mts'] }),
    )
    const compiled = await run(join(projectRoot, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
      (error: { stdout: string }) => error,
    )
    expect(compiled.stdout).toBe('')
  })

  for (const [index, { title, text }] of examplesOf(readme, 'ts').entries())
    it(`has an example that runs: ${title}`, async () => {
      const script = join(folder, `run-${index}.mjs`)
      writeFileSync(
        script,
        text
          .replaceAll('s3://my-bucket/', served.volumeUrl('readme-'))
          .replaceAll('/tmp/bucketfs-readme', join(folder, 'bucket'))
          .replaceAll("region: 'eu-central-1'", "region: 'us-east-1'"),
      )
      const env = { ...process.env, ...served.environment, BUCKETFS_URL: served.volumeUrl('readme-fs') }
      const { stderr } = await run(process.execPath, [script], { env, cwd: folder })
      expect(stderr).toBe('')
    })

  it('names commands and options that there are', async () => {
    const lines = examplesOf(readme, 'sh').flatMap(({ text }) =>
      text.split('\n').filter((line) => line.startsWith('bucketfs ')),
    )
    const command = join(projectRoot, 'dist/cli/main.js')
    for (const line of lines) {
      const words = line
        .replace(/\s+#.*/, '')
        .split(' ')
        .slice(1)
      const { stdout } = await run(process.execPath, [command, words[0] as string, '--help'])
      const flags = words
        .filter((word) => word.startsWith('-'))
        .flatMap((word) =>
          /^-[a-z]{2,4}$/.test(word) && words[0] !== 'find'
            ? word
                .slice(1)
                .split('')
                .map((letter) => `-${letter}`)
            : [word],
        )
      for (const flag of flags) expect(stdout, `${line}: ${flag}`).toMatch(new RegExp(`[ -]${flag}[ ,]`))
    }
    expect(lines.length).toBeGreaterThan(3)
  })

  it('names files that there are', () => {
    for (const [, path] of readme.matchAll(/\]\(([^)#:]+)\)/g))
      expect(() => readFileSync(projectRoot + (path as string)), path).not.toThrow()
  })
})

describe('the reader of examples', () => {
  it('finds blocks of its language by heading', () => {
    const markdown = '## One\n\n```ts\na\n```\n\n```sh\nb\n```\n\n## Two\n\n```ts\nc\n```\n'
    expect(examplesOf(markdown, 'ts')).toEqual([
      { title: 'One', text: 'a\n' },
      { title: 'Two', text: 'c\n' },
    ])
  })
})
