import type { ReactNode } from "react";
import { isProblem } from "../api.ts";
import { Form, type Submission } from "../ui/form.tsx";
import { Notice } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { Narrow } from "./parts.tsx";

/** A page that a mailed link leads to: a form to send with the link's token, which works once. */
export function MailedLink(props: {
  title: string;
  token: string | undefined;
  submission: Submission;
  done: ReactNode;
  /** Where to get another link. */
  again: ReactNode;
  explain?: (error: unknown) => ReactNode;
  children: ReactNode;
}) {
  const { token, submission, again } = props;
  const explain = (error: unknown) =>
    isProblem(error) && error.errors?.some((e) => e.field === "/token") ? (
      <>
        <p>{t.accounts.badLink}</p>
        {again}
      </>
    ) : (
      props.explain?.(error)
    );
  return (
    <Narrow title={props.title}>
      {submission.isSuccess ? (
        <Notice tone="good">{props.done}</Notice>
      ) : token === undefined ? (
        <Notice tone="warn">
          <p>{t.accounts.noLink}</p>
          {again}
        </Notice>
      ) : (
        <Form submission={submission} explain={explain}>
          {props.children}
        </Form>
      )}
    </Narrow>
  );
}
