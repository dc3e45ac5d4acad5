import { isProblem, ProblemError, type Problem } from "@edgevalue/client";
import { useMutation } from "@tanstack/react-query";
import {
  createContext,
  use,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type ComponentProps,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type SubmitEvent,
} from "react";
import { isAway } from "../api.ts";
import { t } from "../words/index.ts";
import { Button, cx, Notice, SignInLink } from "./index.tsx";

/** What a form sends, as `useMutation` tells of it. */
export interface Submission {
  mutate: (data: FormData) => void;
  reset: () => void;
  error: unknown;
  isPending: boolean;
  isSuccess: boolean;
}

/**
 * Sends what a form has, and then does `done`. Send with `once`: a person waits, and tries again. The answer, which may be a
 * secret, is forgotten with the form.
 *
 * @example
 * const save = useSubmission((form) => unwrap(once.PATCH("/users/me", { body: { full_name: text(form, "full_name") } })));
 * return <Form submission={save}>...</Form>;
 */
export function useSubmission<T>(send: (form: FormData) => Promise<T>, done?: (result: T) => unknown) {
  return useMutation<T, Error, FormData>({ mutationFn: send, gcTime: 0, ...(done && { onSuccess: done }) });
}

/** The text of a field. */
export function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

/** What is wrong with what was sent. */
export interface Mistakes {
  /** By the names of fields, without their labels: "must be an email address". */
  fields: Record<string, string>;
  /** What belongs to no field, as sentences. */
  rest: string[];
}

const sentence = (said: string): string => said.slice(0, 1).toUpperCase() + said.slice(1) + (/[.!?…]$/.test(said) ? "" : ".");

/**
 * Sorts what a request's error says to the fields of a form. A field's name is the JSON pointer of its value without the
 * first slash (`scopes/0`); what is wrong within a value belongs to the field of the whole.
 */
export function mistakes(error: unknown, names: readonly string[]): Mistakes {
  const found: Mistakes = { fields: {}, rest: [] };
  if (error == null) return found;
  const errors = isProblem(error) ? (error.errors ?? []) : [];
  for (const { field, message } of errors) {
    const at = field.replace(/^\//, "");
    const name = names.filter((n) => at === n || at.startsWith(`${n}/`)).sort((a, b) => b.length - a.length)[0];
    if (name === undefined) found.rest.push(sentence(`${at.replaceAll("/", " ").replaceAll("_", " ")} ${message}`.trim()));
    else found.fields[name] = name in found.fields ? `${found.fields[name] ?? ""}; ${message}` : message;
  }
  if (errors.length === 0) found.rest.push(plainly(error));
  return found;
}

/** An error in plain words. */
function plainly(error: unknown): string {
  if (!navigator.onLine) return t.form.offline;
  if (isAway(error)) return t.form.away;
  if (!isProblem(error)) return t.form.failed;
  if (isProblem(error, "second-factor-enrolment-required")) return t.form.secondFactorFirst;
  if (error.status === 401) return t.form.signedOut;
  if (error.status === 429) return t.form.tooMany(wait(error));
  if (error.status === 413) return t.form.tooLarge;
  if (error.status >= 500) return t.form.mistake(error.request_id);
  return sentence(error.detail ?? error.title);
}

/** In how many minutes to come again, if the server says so. */
function wait(error: Problem): number | undefined {
  const seconds = error instanceof ProblemError ? Number(error.response.headers.get("Retry-After") ?? NaN) : NaN;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds / 60)) : undefined;
}

const FormContext = createContext<{ found: Mistakes; error: unknown; busy: boolean }>({ found: mistakes(undefined, []), error: undefined, busy: false });

/**
 * A form that says beside its fields what the server found wrong with them, and the rest above. Once it was accepted it has
 * the values that its fields then begin with, and says `done`.
 */
export function Form(props: {
  submission: Submission;
  children: ReactNode;
  done?: ReactNode;
  /** Other words for an error: null for none, undefined for the usual ones. */
  explain?: (error: unknown) => ReactNode;
  className?: string;
}) {
  const { submission, explain } = props;
  const { error, isPending, isSuccess } = submission;
  const form = useRef<HTMLFormElement>(null);
  const [names, setNames] = useState<string[]>([]);

  useEffect(() => {
    if (error != null) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);
  useEffect(() => {
    if (isSuccess) form.current?.reset();
  }, [isSuccess]);

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isPending) return;
    const fields = [...event.currentTarget.elements].map((e) => e.getAttribute("name")).filter((name) => name !== null && name !== "");
    setNames(fields as string[]);
    submission.mutate(new FormData(event.currentTarget));
  };

  const found = mistakes(error, names);
  const own = error == null ? undefined : explain?.(error);
  return (
    <form ref={form} onSubmit={submit} className={cx("space-y-3", props.className)} aria-busy={isPending}>
      {own !== undefined ? (
        own !== null && <Notice tone="bad">{own}</Notice>
      ) : (
        found.rest.length > 0 && (
          <Notice tone="bad">
            {found.rest.map((said) => (
              <p key={said}>{said}</p>
            ))}
            {isProblem(error, "unauthenticated") && <SignInLink apart />}
          </Notice>
        )
      )}
      {isSuccess && props.done !== undefined && <Notice tone="good">{props.done}</Notice>}
      <FormContext value={{ found, error, busy: isPending }}>{props.children}</FormContext>
    </form>
  );
}

interface About {
  /** Also the JSON pointer of the value, without its first slash. */
  name: string;
  label: string;
  hint?: ReactNode;
}

/** A field's attributes, and what is said around it. An error is gone when its field is edited. */
function useField({ name, label, hint }: About) {
  const id = useId();
  const { found, error } = use(FormContext);
  const [edited, setEdited] = useState<unknown>();
  const message = edited === error ? undefined : found.fields[name];
  const described = cx(message !== undefined && `${id}-error`, hint !== undefined && `${id}-hint`);
  return {
    attributes: { id, name, ...(message !== undefined && { "aria-invalid": true }), ...(described && { "aria-describedby": described }) },
    edit: () => setEdited(error),
    label: (
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
    ),
    below: (
      <>
        {message !== undefined && (
          <p id={`${id}-error`} className="text-sm text-bad">
            {sentence(`${label} ${message}`)}
          </p>
        )}
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-xs text-soft">
            {hint}
          </p>
        )}
      </>
    ),
  };
}

const inputClass =
  "w-full rounded-md border border-line bg-card px-2.5 py-1.5 text-ink placeholder:text-soft disabled:bg-sunk aria-invalid:border-bad aria-invalid:outline-bad";

/** A line of text. A password can be shown; `email` is a text that mail addresses are typed into. */
export function Field({ name, label, hint, type, className, onInput, ...rest }: About & Omit<InputHTMLAttributes<HTMLInputElement>, keyof About>) {
  const field = useField({ name, label, hint });
  const [shown, setShown] = useState(false);
  // The browser's own check of addresses refuses some that the server takes.
  const kind = type === "email" ? { type: "text", inputMode: "email" as const, autoCapitalize: "none", spellCheck: false } : { type: type === "password" && shown ? "text" : type };
  return (
    <div className={cx("space-y-1", className)}>
      <div className="flex items-baseline justify-between gap-2">
        {field.label}
        {type === "password" && (
          <button type="button" aria-pressed={shown} aria-controls={field.attributes.id} onClick={() => setShown(!shown)} className="text-xs text-accent hover:underline">
            {shown ? t.form.hide : t.form.show}
            <span className="sr-only">{` ${label}`}</span>
          </button>
        )}
      </div>
      <input
        {...kind}
        {...field.attributes}
        {...rest}
        className={inputClass}
        onInput={(event) => {
          field.edit();
          onInput?.(event);
        }}
      />
      {field.below}
    </div>
  );
}

/** One of some values. */
export function Select({
  name,
  label,
  hint,
  options,
  className,
  onInput,
  ...rest
}: About & { options: readonly { value: string; label: string }[] } & Omit<SelectHTMLAttributes<HTMLSelectElement>, keyof About>) {
  const field = useField({ name, label, hint });
  return (
    <div className={cx("space-y-1", className)}>
      {field.label}
      <select
        {...field.attributes}
        {...rest}
        className={inputClass}
        onInput={(event) => {
          field.edit();
          onInput?.(event);
        }}
      >
        {options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.label}
          </option>
        ))}
      </select>
      {field.below}
    </div>
  );
}

/** Yes or no. */
export function Checkbox({ name, label, hint, className, onInput, ...rest }: About & Omit<InputHTMLAttributes<HTMLInputElement>, keyof About | "type">) {
  const field = useField({ name, label, hint });
  return (
    <div className={cx("space-y-1", className)}>
      <div className="flex items-baseline gap-2">
        <input
          type="checkbox"
          {...field.attributes}
          {...rest}
          className="accent-accent"
          onInput={(event) => {
            field.edit();
            onInput?.(event);
          }}
        />
        {field.label}
      </div>
      {field.below}
    </div>
  );
}

/** Sends the form. While it does, it keeps the focus and sends nothing else. */
export function Submit({ children, kind = "primary", ...rest }: ComponentProps<typeof Button>) {
  const { busy } = use(FormContext);
  return (
    <Button type="submit" kind={kind} aria-disabled={busy} {...rest}>
      {busy && <span aria-hidden className="size-3 animate-spin rounded-full border-2 border-current border-t-transparent" />}
      {children}
    </Button>
  );
}

/** A dialog over the page, until it is closed. It says `onClose` also when it is closed with Escape. */
export function Dialog({ title, open, onClose, children }: { title: string; open: boolean; onClose: () => void; children: ReactNode }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      className="m-auto w-full max-w-lg rounded-lg border border-line bg-card p-5 text-left font-normal whitespace-normal text-ink backdrop:bg-[rgb(0_0_0/0.5)] max-sm:max-w-[calc(100%-2rem)]"
    >
      <h2 id={id} className="mb-3">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/**
 * A button that asks in a dialog first, with fields if it needs some; for what cannot be undone, or needs the password.
 *
 * @example
 * <Confirm button={t.users.remove} title={t.users.removeWhom(user.email)} submission={remove}>{t.users.removeHint}</Confirm>
 */
export function Confirm(props: {
  button: string;
  title: string;
  /** What the button in the dialog says; as the first one without it. */
  action?: string;
  submission: Submission;
  /** Nothing is lost by it. */
  safe?: boolean;
  /** The looks of the button. */
  kind?: ComponentProps<typeof Button>["kind"];
  /** Says in full what the button is about, where the same stands in each row of a table. */
  label?: string;
  explain?: (error: unknown) => ReactNode;
  children?: ReactNode;
}) {
  const { submission, safe = false, kind = safe ? "plain" : "danger" } = props;
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const { isSuccess } = submission;
  useEffect(() => {
    if (isSuccess) frame.current?.closest("dialog")?.close();
  }, [isSuccess]);
  const close = () => frame.current?.closest("dialog")?.close();
  return (
    <>
      <Button
        kind={kind}
        aria-label={props.label}
        aria-haspopup="dialog"
        onClick={() => {
          submission.reset();
          setOpen(true);
        }}
      >
        {props.button}
      </Button>
      <Dialog title={props.title} open={open} onClose={() => setOpen(false)}>
        <div ref={frame}>
          <Form submission={submission} {...(props.explain && { explain: props.explain })}>
            <div className="space-y-3 text-sm">{props.children}</div>
            <div className="flex flex-wrap justify-end gap-2 pt-2">
              <Button onClick={close}>{t.form.cancel}</Button>
              <Submit kind={safe ? "primary" : "danger"}>{props.action ?? props.button}</Submit>
            </div>
          </Form>
        </div>
      </Dialog>
    </>
  );
}
