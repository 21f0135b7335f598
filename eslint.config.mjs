// One linter for both languages: core/ is AssemblyScript (TypeScript's syntax with integer types), the rest TypeScript.
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      'no-undef': 'off',
      eqeqeq: 'error',
      'prefer-const': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    ignores: ['test/explore/fixtures/**', 'bench/driver/**', 'examples/own-subject/assembly/**'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
    },
  },
  {
    // AssemblyScript: no type information for the linter; what tsc would refuse asc checks.
    files: ['core/**/*.ts', 'test/explore/fixtures/**', 'bench/driver/**', 'examples/own-subject/assembly/**'],
    ignores: ['core/door.ts', 'core/hook.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "MemberExpression[object.name='atomic']", message: 'Only core/door.ts touches shared memory.' },
        {
          selector: 'CallExpression[callee.name=/^(load|store)$/]',
          message: 'Only core/door.ts touches shared memory.',
        },
        { selector: "MemberExpression[object.name='memory']", message: 'Only core/door.ts touches shared memory.' },
        { selector: 'ThrowStatement', message: 'A throw makes a data segment.' },
        { selector: "CallExpression[callee.name='assert']", message: 'An assert makes a data segment.' },
        { selector: 'ArrayExpression', message: 'An array literal makes a data segment.' },
        { selector: 'Decorator', message: 'No decorators in the core.' },
      ],
    },
  },
)
