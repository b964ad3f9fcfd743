# The error numbers of Linux: for each its atom and the kernel's short description.

defmodule Linx.Process.Errno do
  @moduledoc """
  The error numbers of Linux (`errno(3)`), their POSIX atoms and their words.

  These are the generic numbers, those of x86-64, arm64 and RISC-V. The words are glibc's.
  """

  @table [
    {1, :eperm, "Operation not permitted"},
    {2, :enoent, "No such file or directory"},
    {3, :esrch, "No such process"},
    {4, :eintr, "Interrupted system call"},
    {5, :eio, "Input/output error"},
    {6, :enxio, "No such device or address"},
    {7, :e2big, "Argument list too long"},
    {8, :enoexec, "Exec format error"},
    {9, :ebadf, "Bad file descriptor"},
    {10, :echild, "No child processes"},
    {11, :eagain, "Resource temporarily unavailable"},
    {12, :enomem, "Cannot allocate memory"},
    {13, :eacces, "Permission denied"},
    {14, :efault, "Bad address"},
    {15, :enotblk, "Block device required"},
    {16, :ebusy, "Device or resource busy"},
    {17, :eexist, "File exists"},
    {18, :exdev, "Invalid cross-device link"},
    {19, :enodev, "No such device"},
    {20, :enotdir, "Not a directory"},
    {21, :eisdir, "Is a directory"},
    {22, :einval, "Invalid argument"},
    {23, :enfile, "Too many open files in system"},
    {24, :emfile, "Too many open files"},
    {25, :enotty, "Inappropriate ioctl for device"},
    {26, :etxtbsy, "Text file busy"},
    {27, :efbig, "File too large"},
    {28, :enospc, "No space left on device"},
    {29, :espipe, "Illegal seek"},
    {30, :erofs, "Read-only file system"},
    {31, :emlink, "Too many links"},
    {32, :epipe, "Broken pipe"},
    {33, :edom, "Numerical argument out of domain"},
    {34, :erange, "Numerical result out of range"},
    {35, :edeadlk, "Resource deadlock avoided"},
    {36, :enametoolong, "File name too long"},
    {37, :enolck, "No locks available"},
    {38, :enosys, "Function not implemented"},
    {39, :enotempty, "Directory not empty"},
    {40, :eloop, "Too many levels of symbolic links"},
    {42, :enomsg, "No message of desired type"},
    {43, :eidrm, "Identifier removed"},
    {44, :echrng, "Channel number out of range"},
    {45, :el2nsync, "Level 2 not synchronized"},
    {46, :el3hlt, "Level 3 halted"},
    {47, :el3rst, "Level 3 reset"},
    {48, :elnrng, "Link number out of range"},
    {49, :eunatch, "Protocol driver not attached"},
    {50, :enocsi, "No CSI structure available"},
    {51, :el2hlt, "Level 2 halted"},
    {52, :ebade, "Invalid exchange"},
    {53, :ebadr, "Invalid request descriptor"},
    {54, :exfull, "Exchange full"},
    {55, :enoano, "No anode"},
    {56, :ebadrqc, "Invalid request code"},
    {57, :ebadslt, "Invalid slot"},
    {59, :ebfont, "Bad font file format"},
    {60, :enostr, "Device not a stream"},
    {61, :enodata, "No data available"},
    {62, :etime, "Timer expired"},
    {63, :enosr, "Out of streams resources"},
    {64, :enonet, "Machine is not on the network"},
    {65, :enopkg, "Package not installed"},
    {66, :eremote, "Object is remote"},
    {67, :enolink, "Link has been severed"},
    {68, :eadv, "Advertise error"},
    {69, :esrmnt, "Srmount error"},
    {70, :ecomm, "Communication error on send"},
    {71, :eproto, "Protocol error"},
    {72, :emultihop, "Multihop attempted"},
    {73, :edotdot, "RFS specific error"},
    {74, :ebadmsg, "Bad message"},
    {75, :eoverflow, "Value too large for defined data type"},
    {76, :enotuniq, "Name not unique on network"},
    {77, :ebadfd, "File descriptor in bad state"},
    {78, :eremchg, "Remote address changed"},
    {79, :elibacc, "Can not access a needed shared library"},
    {80, :elibbad, "Accessing a corrupted shared library"},
    {81, :elibscn, ".lib section in a.out corrupted"},
    {82, :elibmax, "Attempting to link in too many shared libraries"},
    {83, :elibexec, "Cannot exec a shared library directly"},
    {84, :eilseq, "Invalid or incomplete multibyte or wide character"},
    {85, :erestart, "Interrupted system call should be restarted"},
    {86, :estrpipe, "Streams pipe error"},
    {87, :eusers, "Too many users"},
    {88, :enotsock, "Socket operation on non-socket"},
    {89, :edestaddrreq, "Destination address required"},
    {90, :emsgsize, "Message too long"},
    {91, :eprototype, "Protocol wrong type for socket"},
    {92, :enoprotoopt, "Protocol not available"},
    {93, :eprotonosupport, "Protocol not supported"},
    {94, :esocktnosupport, "Socket type not supported"},
    {95, :eopnotsupp, "Operation not supported"},
    {96, :epfnosupport, "Protocol family not supported"},
    {97, :eafnosupport, "Address family not supported by protocol"},
    {98, :eaddrinuse, "Address already in use"},
    {99, :eaddrnotavail, "Cannot assign requested address"},
    {100, :enetdown, "Network is down"},
    {101, :enetunreach, "Network is unreachable"},
    {102, :enetreset, "Network dropped connection on reset"},
    {103, :econnaborted, "Software caused connection abort"},
    {104, :econnreset, "Connection reset by peer"},
    {105, :enobufs, "No buffer space available"},
    {106, :eisconn, "Transport endpoint is already connected"},
    {107, :enotconn, "Transport endpoint is not connected"},
    {108, :eshutdown, "Cannot send after transport endpoint shutdown"},
    {109, :etoomanyrefs, "Too many references: cannot splice"},
    {110, :etimedout, "Connection timed out"},
    {111, :econnrefused, "Connection refused"},
    {112, :ehostdown, "Host is down"},
    {113, :ehostunreach, "No route to host"},
    {114, :ealready, "Operation already in progress"},
    {115, :einprogress, "Operation now in progress"},
    {116, :estale, "Stale file handle"},
    {117, :euclean, "Structure needs cleaning"},
    {118, :enotnam, "Not a XENIX named type file"},
    {119, :enavail, "No XENIX semaphores available"},
    {120, :eisnam, "Is a named type file"},
    {121, :eremoteio, "Remote I/O error"},
    {122, :edquot, "Disk quota exceeded"},
    {123, :enomedium, "No medium found"},
    {124, :emediumtype, "Wrong medium type"},
    {125, :ecanceled, "Operation canceled"},
    {126, :enokey, "Required key not available"},
    {127, :ekeyexpired, "Key has expired"},
    {128, :ekeyrevoked, "Key has been revoked"},
    {129, :ekeyrejected, "Key was rejected by service"},
    {130, :eownerdead, "Owner died"},
    {131, :enotrecoverable, "State not recoverable"},
    {132, :erfkill, "Operation not possible due to RF-kill"},
    {133, :ehwpoison, "Memory page has hardware error"}
  ]

  @doc """
  The POSIX atom of an error number; `:unknown` for a number that has none.

      iex> Linx.Process.Errno.code(2)
      :enoent
      iex> Linx.Process.Errno.code(4711)
      :unknown
  """
  @spec code(integer()) :: atom()
  for {number, code, _words} <- @table do
    def code(unquote(number)), do: unquote(code)
  end

  def code(number) when is_integer(number), do: :unknown

  @doc """
  The number of a POSIX atom; `nil` where there is none.

      iex> Linx.Process.Errno.number(:enoent)
      2
  """
  @spec number(atom()) :: pos_integer() | nil
  for {number, code, _words} <- @table do
    def number(unquote(code)), do: unquote(number)
  end

  def number(code) when is_atom(code), do: nil

  @doc """
  What the number means, as `strerror(3)` says it.

      iex> Linx.Process.Errno.words(2)
      "No such file or directory"
      iex> Linx.Process.Errno.words(4711)
      "Unknown error 4711"
  """
  @spec words(integer()) :: String.t()
  for {number, _code, words} <- @table do
    def words(unquote(number)), do: unquote(words)
  end

  def words(number) when is_integer(number), do: "Unknown error #{number}"

  @doc "The whole table: `{number, code, words}`."
  @spec table() :: [{pos_integer(), atom(), String.t()}]
  def table, do: @table
end
