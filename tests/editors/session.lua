-- A session in Neovim, from 0.7 on: `nvim --headless -u NONE -n -i NONE -c 'luafile session.lua'`.
-- In the environment: SERVER, the command that starts the server, one word a line; FOLDER, the project.
local LIMIT = tonumber(vim.env.LIMIT or "60000") -- milliseconds

local folder = vim.env.FOLDER
local command = vim.split(vim.env.SERVER, "\n")

local function say(text)
  io.stdout:write(text .. "\n")
end

local function shown(buffer)
  local codes = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(codes, tostring(each.code or (each.user_data and each.user_data.lsp and each.user_data.lsp.code)))
  end
  return table.concat(codes, " ")
end

local function text_of(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n") .. "\n"
end

local function await(promise, is_so)
  if not vim.wait(LIMIT, is_so, 20) then
    local buffers = {}
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      table.insert(buffers, vim.api.nvim_buf_get_name(buffer) .. ": " .. shown(buffer) .. "\n" .. text_of(buffer))
    end
    error("it never came to be: " .. promise .. "\n" .. table.concat(buffers, "\n"))
  end
  say("seen: " .. promise)
end

local function expect(promise, found, wanted)
  if found ~= wanted then
    error(promise .. "\nwanted: " .. vim.inspect(wanted) .. "\nfound: " .. vim.inspect(found))
  end
  say("seen: " .. promise)
end

local function open(name)
  vim.cmd("edit " .. vim.fn.fnameescape(folder .. "/" .. name))
  return vim.api.nvim_get_current_buf()
end

-- What follows is a change of its own: undo takes back no more than that.
local function begin_change(buffer)
  vim.api.nvim_set_current_buf(buffer)
  vim.cmd("let &undolevels = &undolevels")
end

local client
local function attach(buffer)
  if vim.lsp.start then
    client = vim.lsp.start({ name = "nnlint", cmd = command, root_dir = folder }, { bufnr = buffer })
  else
    client = client or vim.lsp.start_client({ name = "nnlint", cmd = command, root_dir = folder })
    vim.lsp.buf_attach_client(buffer, client)
  end
end

local function undo(buffer)
  vim.api.nvim_set_current_buf(buffer)
  vim.cmd("silent undo")
end

local function answers(buffer, method, params)
  local found, why = vim.lsp.buf_request_sync(buffer, method, params, LIMIT)
  if not found then
    error(method .. " was not answered: " .. tostring(why))
  end
  for _, answer in pairs(found) do
    if answer.error or answer.err then
      error(method .. " failed: " .. vim.inspect(answer.error or answer.err))
    end
    return answer.result
  end
  error("no client answers " .. method)
end

local function fix(buffer)
  local finding = vim.diagnostic.get(buffer)[1]
  local place = { line = finding.lnum, character = finding.col }
  local offered = answers(buffer, "textDocument/codeAction", {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    range = { start = place, ["end"] = place },
    context = { diagnostics = {}, only = { "quickfix" } },
  })
  for _, action in ipairs(offered) do
    if action.edit then
      local encoding = vim.lsp.get_client_by_id(client).offset_encoding
      vim.lsp.util.apply_workspace_edit(action.edit, encoding)
      return action.title
    end
  end
  error("no fix was offered: " .. vim.inspect(offered))
end

local function main()
  vim.o.hidden = true
  local train, model = open("train.py"), open("model.py")
  attach(train)
  attach(model)
  local before = text_of(model)
  await("the finding of train.py", function()
    return shown(train) == "NN101"
  end)
  local trail = vim.diagnostic.get(train)[1].user_data.lsp.relatedInformation
  expect("its trail leads to model.py", trail[1].location.uri, vim.uri_from_bufnr(model))

  begin_change(model)
  vim.cmd([[silent %s/F\.softmax(self\.head(x), dim=1)/self.head(x)/]])
  await("it vanishes while model.py is edited", function()
    return shown(train) == ""
  end)
  undo(model)
  expect("the edit is undone", text_of(model), before)
  await("it comes back", function()
    return shown(train) == "NN101"
  end)

  begin_change(model)
  say("applied: " .. fix(train))
  expect("the fix is in model.py", text_of(model), (before:gsub("F%.softmax%(self%.head%(x%), dim=1%)", "self.head(x)")))
  await("it vanishes with the fix", function()
    return shown(train) == ""
  end)
  undo(model)
  expect("the fix is undone", text_of(model), before)
  await("it comes back again", function()
    return shown(train) == "NN101"
  end)
end

local is_well, why = xpcall(main, debug.traceback)
say(is_well and "all is well" or tostring(why))
for _, each in ipairs(vim.lsp.get_active_clients and vim.lsp.get_active_clients() or vim.lsp.get_clients()) do
  each.stop()
end
vim.cmd(is_well and "qall!" or "cquit")
