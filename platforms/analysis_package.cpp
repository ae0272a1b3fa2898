#include "platforms/analysis_package.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "models/core/error.hpp"
#include "platforms/files.hpp"

namespace rheo {

std::filesystem::path python_interpreter() {
  const char* named = std::getenv("RHEO_PYTHON");
  return named != nullptr ? named : "/usr/bin/python3";
}

void require_picture(const std::string& option, const std::filesystem::path& picture) {
  const std::string ending = picture.extension().string();
  if (ending != ".png" && ending != ".svg" && ending != ".pdf") {
    throw InputError(option + " " + picture.string(), "the ending says the format; expected .png, .svg or .pdf");
  }
  const std::filesystem::path python = python_interpreter();
  if (::access(python.c_str(), X_OK) != 0) {
    throw InputError(option, "a picture needs Python, and there is no " + python.string() +
                                 "; install python3 and python3-matplotlib, or name another by RHEO_PYTHON");
  }
}

bool call_analysis(const std::vector<std::string>& words) {
  std::vector<std::string> all{python_interpreter().string(), "-m", "rheo_analysis"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::setenv("PYTHONPATH", (share_folder() / "analysis").c_str(), 1);
  pid_t child = 0;
  int status = 0;
  return ::posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0 &&
         ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace rheo
