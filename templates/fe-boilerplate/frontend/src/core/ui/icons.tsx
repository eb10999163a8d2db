import type { ReactNode } from "react";

interface Props {
  readonly size?: number;
}

/** An icon in the color of the surrounding text. It is hidden from assistive technology, so its parent needs a label. */
function Icon({ size = 18, children }: Props & { readonly children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

export const PlusIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);

export const BookmarkIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M6 4h8v12l-4-3-4 3z" />
  </Icon>
);

export const UploadIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 13V4M6 8l4-4 4 4M4 16h12" />
  </Icon>
);

export const PencilIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 16l.8-3.4L13.5 4 16 6.5l-8.7 8.7zM12 5.5l2.5 2.5" />
  </Icon>
);

export const TrashIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.5 9v4.5M11.5 9v4.5" />
  </Icon>
);

export const BackIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M16 10H4M9 5l-5 5 5 5" />
  </Icon>
);

export const SearchIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M13 13l4 4M14 8.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z" />
  </Icon>
);

export const FilterIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M3 5h14l-5.5 6v4.5l-3 1.5v-6z" />
  </Icon>
);

export const ColumnsIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M3.5 4h13v12h-13zM8 4v12M12.5 4v12" />
  </Icon>
);

export const DownloadIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 3v10M6 9l4 4 4-4M4 17h12" />
  </Icon>
);

export const UpIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 16V4M5 9l5-5 5 5" />
  </Icon>
);

export const DownIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M10 4v12M5 11l5 5 5-5" />
  </Icon>
);

export const UpDownIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M7 8l3-3 3 3M7 12l3 3 3-3" />
  </Icon>
);

export const ChevronUpIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M6 12l4-4 4 4" />
  </Icon>
);

export const ChevronDownIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M6 8l4 4 4-4" />
  </Icon>
);
