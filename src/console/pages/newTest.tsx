import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { tests } from '../api.ts';
import { navigate, pathOf } from '../router.ts';
import { messageOf, Problem } from '../widgets/aws.tsx';
import { Input } from '../widgets/input.tsx';
import { Card } from '../widgets/page.tsx';

const example = `import http from 'k6/http';
import { check, sleep } from 'k6';

export default function () {
  const res = http.get(\`\${__ENV.BASE_URL}/\`);
  check(res, { 'status is 200': (r) => r.status === 200 });
  sleep(1);
}
`;

/** Starts a k6 script with so many users. */
export function NewTest({ url }: { readonly url: string | undefined }): JSX.Element {
  const [form, setForm] = useState({ name: 'Ramp', baseUrl: '', users: '100', ramp: '30', hold: '60', own: false, script: example });
  const [error, setError] = useState<string>();
  const baseUrl = form.baseUrl === '' ? (url ?? '') : form.baseUrl;
  const start = async (): Promise<void> => {
    try {
      const { id } = await tests.start({
        name: form.name,
        script: form.script,
        env: { BASE_URL: baseUrl },
        ...(form.own ? {} : { ramp: { users: Number(form.users), rampSeconds: Number(form.ramp), holdSeconds: Number(form.hold) } }),
      });
      navigate(pathOf('tests', id));
    } catch (caught) {
      setError(messageOf(caught));
    }
  };
  const field = (key: 'name' | 'users' | 'ramp' | 'hold', label: string, type: 'text' | 'number' = 'number'): JSX.Element => (
    <label class="field">
      {label}
      <Input
        type={type}
        value={form[key]}
        min={key === 'users' ? 1 : 0}
        disabled={type === 'number' && form.own}
        onValue={(value) => setForm({ ...form, [key]: value })}
      />
    </label>
  );
  return (
    <Card title="New load test">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <div class="fields">
          {field('name', 'Name', 'text')}
          <label class="field">
            BASE_URL
            <input
              type="url"
              value={baseUrl}
              placeholder="http://127.0.0.1:8080"
              onInput={(event) => setForm({ ...form, baseUrl: event.currentTarget.value })}
            />
          </label>
          {field('users', 'Users')}
          {field('ramp', 'Ramp up, s')}
          {field('hold', 'Hold, s')}
        </div>
        <label class="choice">
          <input type="checkbox" checked={form.own} onChange={(event) => setForm({ ...form, own: event.currentTarget.checked })} /> Use the
          options of the script instead
        </label>
        <label class="field">
          k6 script
          <textarea
            class="script"
            rows={12}
            spellcheck={false}
            value={form.script}
            onInput={(event) => setForm({ ...form, script: event.currentTarget.value })}
          />
        </label>
        <Problem error={error} />
        <div class="buttons">
          <label class="button">
            Open a file
            <input
              type="file"
              class="unseen"
              accept=".js,.ts"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file !== undefined) void file.text().then((script) => setForm({ ...form, script, name: file.name }));
              }}
            />
          </label>
          <button type="submit" class="primary">
            Start
          </button>
        </div>
      </form>
    </Card>
  );
}
